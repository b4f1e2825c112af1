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

  /// Calls `use` with a reader that nobody else has; `use` asks for no other. It only reads: when a connection that was kept turns
  /// out to be lost, it is called again with a new one.
  template <class F>
  auto with(const F& use) {
    Borrowed borrowed(*this);
    if (borrowed.was_kept) {
      try {
        return use(*borrowed.reader);
      } catch (const Error& e) {
        if (e.code() != ErrorCode::Unavailable) throw;
        borrowed.reader.reset();
      }
      borrowed.reader = database_.reader();
    }
    return use(*borrowed.reader);
  }

 private:
  struct Borrowed {
    explicit Borrowed(Readers& from) : readers(from), reader(from.take()), was_kept(reader != nullptr) {
      if (was_kept) return;
      try {
        reader = readers.database_.reader();
      } catch (...) {
        readers.give(nullptr);
        throw;
      }
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() { readers.give(std::move(reader)); }

    Readers& readers;
    std::unique_ptr<store::Reader> reader;
    bool was_kept;
  };

  /// None: one is to be made.
  std::unique_ptr<store::Reader> take() {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [&] { return in_use_ < in_use_max; });
    ++in_use_;
    if (idle_.empty()) return nullptr;
    auto reader = std::move(idle_.back());
    idle_.pop_back();
    return reader;
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
