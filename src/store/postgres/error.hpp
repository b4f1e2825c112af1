#pragma once

#include <string>
#include <string_view>

#include "cloacina/error.hpp"

namespace cloacina::store::postgres {

/// An error with what the connection needs to know of it.
class PgError : public Error {
 public:
  PgError(ErrorCode code, const std::string& text, std::string state) : Error(code, text), state_(std::move(state)) {}

  /// The transaction met another one, and is to be run again.
  [[nodiscard]] bool again() const { return state_ == "40001" || state_ == "40P01"; }
  /// The connection is gone.
  [[nodiscard]] bool lost() const { return state_.empty(); }
  [[nodiscard]] const std::string& state() const { return state_; }

 private:
  std::string state_;
};

/// The one place where SQLSTATEs become our codes; an empty one means that the connection is gone.
[[nodiscard]] PgError make_error(std::string_view state, const std::string& action, std::string text);

}  // namespace cloacina::store::postgres
