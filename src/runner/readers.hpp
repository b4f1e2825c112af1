#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace cloacina::runner {

/// Reading connections for any thread: one is made when all are in use, up to a number that a server can bear, and a few are kept.
class Readers {
 public:
  explicit Readers(store::Database& database) : database_(database) {}

  /// Calls `use` with a reader that nobody else has; `use` asks for no other.
  template <class F>
  auto with(const F& use) {
    auto reader = take();
    struct Back {
      Readers& readers;
      std::unique_ptr<store::Reader>& reader;
      ~Back() { readers.give(std::move(reader)); }
    } back{*this, reader};
    return use(*reader);
  }

 private:
  std::unique_ptr<store::Reader> take() {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [&] { return in_use_ < in_use_max; });
    ++in_use_;
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
    lock.unlock();
    try {
      return database_.reader();
    } catch (...) {
      give(nullptr);
      throw;
    }
  }
  void give(std::unique_ptr<store::Reader> reader) {
    constexpr std::size_t kept = 4;
    const std::lock_guard lock(mutex_);
    --in_use_;
    if (reader && idle_.size() < kept) idle_.push_back(std::move(reader));
    given_back_.notify_one();
  }

  static constexpr int in_use_max = 16;

  store::Database& database_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  int in_use_ = 0;
  std::vector<std::unique_ptr<store::Reader>> idle_;
};

}  // namespace cloacina::runner
