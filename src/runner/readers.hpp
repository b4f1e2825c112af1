#pragma once

#include <mutex>
#include <vector>

#include "store/store.hpp"

namespace cloacina::runner {

/// Reading connections for any thread: one is made when all are in use, and a few are kept.
class Readers {
 public:
  explicit Readers(store::Database& database) : database_(database) {}

  /// Calls `use` with a reader that nobody else has.
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
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return database_.reader();
  }
  void give(std::unique_ptr<store::Reader> reader) {
    constexpr std::size_t kept = 4;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kept) idle_.push_back(std::move(reader));
  }

  store::Database& database_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store::Reader>> idle_;
};

}  // namespace cloacina::runner
