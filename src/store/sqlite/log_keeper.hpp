#pragma once

#include "store/sqlite/connection.hpp"

namespace cloacina::store::sqlite {

/// Keeps the write-ahead log small, for a connection that writes: copies it back into the file now and then.
///
/// SQLite begins the log anew when all of it is in the file and nobody reads from it. What SQLite does by itself copies without
/// stopping anybody; with several writers the log has grown by the time that it is done, and so never begins anew. From some size
/// on, this stops the other writers for that moment.
class LogKeeper {
 public:
  /// Pages from which on it is copied: each time syncs both files, so larger is rarer, and readers pay a little for it.
  static constexpr int copy_pages = 4'000;
  /// Pages from which on others are stopped for it, and again after so many more: somebody may read an old state for long.
  static constexpr int restart_pages = 8'000;

  explicit LogKeeper(Connection& connection);
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

 private:
  static int on_commit(void* self, sqlite3* db, const char* schema, int pages);

  Connection& connection_;
  int restart_at_ = restart_pages;
};

}  // namespace cloacina::store::sqlite
