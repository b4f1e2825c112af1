#pragma once

#include <future>
#include <string>
#include <utility>
#include <variant>

#include "cloacina/error.hpp"

namespace cloacina::engine {

/// Where a caller waits for what the loop has to say.
template <class T>
class Reply;

/// A promise of T to a caller in another thread, or of an Error. The error travels as a value and is thrown by the caller: no
/// exception object is shared by threads.
template <class T>
class Answer {
 public:
  [[nodiscard]] Reply<T> get_future() { return Reply<T>(promise_.get_future()); }
  void set_value(T value) { promise_.set_value(std::move(value)); }
  void set_error(const Error& error) { promise_.set_value(Refusal{error.code(), error.what()}); }

 private:
  friend class Reply<T>;
  struct Refusal {
    ErrorCode code;
    std::string text;
  };
  std::promise<std::variant<T, Refusal>> promise_;
};

template <class T>
class Reply {
 public:
  /// Waits. *Throws* the Error that came instead. Once.
  [[nodiscard]] T get() {
    auto outcome = future_.get();
    if (const auto* refusal = std::get_if<typename Answer<T>::Refusal>(&outcome)) throw Error(refusal->code, refusal->text);
    return std::get<T>(std::move(outcome));
  }

 private:
  friend class Answer<T>;
  explicit Reply(std::future<std::variant<T, typename Answer<T>::Refusal>> future) : future_(std::move(future)) {}
  std::future<std::variant<T, typename Answer<T>::Refusal>> future_;
};

}  // namespace cloacina::engine
