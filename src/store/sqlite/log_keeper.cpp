#include "store/sqlite/log_keeper.hpp"

namespace cloacina::store::sqlite {

namespace {

/// How long others, who are stopped meanwhile, are waited for.
constexpr std::chrono::milliseconds patience{20};

}  // namespace

LogKeeper::LogKeeper(Connection& connection) : connection_(connection) {
  // It goes away with the connection.
  sqlite3_wal_hook(connection.handle(), &LogKeeper::on_commit, this);
}

int LogKeeper::on_commit(void* self, sqlite3* db, const char* schema, int pages) {
  auto& keeper = *static_cast<LogKeeper*>(self);
  // What this returns would be the result of a COMMIT that is done; whoever cannot copy now can after the next one.
  if (pages < copy_pages) {
    keeper.restart_at_ = restart_pages;
  } else if (pages < keeper.restart_at_) {
    sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  } else {
    keeper.connection_.restart_log(patience);
    keeper.restart_at_ = pages + copy_pages;
  }
  return SQLITE_OK;
}

}  // namespace cloacina::store::sqlite
