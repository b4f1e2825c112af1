// Copies of a database that is in use.
#include "cloacina/backup.hpp"

#include <fstream>
#include <thread>

#include "cloacina/admin.hpp"
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;

class Backup : public RunnerTest {};

TEST_F(Backup, OfADatabaseInUseIsWholeAndRunsOn) {
  const auto blocked = gate();
  const auto r = started({single("quick", [](TaskContext& t) { t.context().set("done", true); }),
                          single("stuck", [blocked](TaskContext& t) { blocked->pass(t.stop_token()); })});
  const auto running = r->submit("stuck");
  ASSERT_TRUE(blocked->reached());
  std::atomic<bool> enough{false};
  std::thread load([&] {
    while (!enough) (void)r->submit("quick");
  });
  std::vector<ExecutionId> before;
  for (int i = 0; i < 50; ++i) before.push_back(r->submit("quick"));
  const auto copy = (folder() / "copy.db").string();
  const auto report = backup(options().database, copy);
  EXPECT_EQ(report.bytes, std::filesystem::file_size(copy));
  enough = true;
  load.join();
  blocked->open();

  for (const auto& finding : doctor("sqlite:" + copy)) {
    EXPECT_FALSE(finding.problem && finding.check == "integrity") << finding.text;
  }
  auto o = options();
  o.database = "sqlite:" + copy;
  const auto other = runner(o);
  other->add(single("quick", [](TaskContext& t) { t.context().set("done", true); }));
  other->add(single("stuck", [](TaskContext&) {}));
  other->start();
  for (const auto& id : before) EXPECT_TRUE(other->wait(id, patience).completed());
  const auto taken_back = other->wait(running, patience);
  EXPECT_TRUE(taken_back.completed()) << "its runner does not live in the copy";
  EXPECT_EQ(taken_back.task("only").crashes, 1);
}

TEST_F(Backup, LeavesNothingBehindWhenItFails) {
  const auto r = started({single("quick", [](TaskContext&) {})});
  (void)r->run("quick");
  const auto database = options().database;
  const auto copy = (folder() / "copy.db").string();
  EXPECT_THAT(error_of([&] { (void)backup("sqlite:" + (folder() / "none.db").string(), copy); }, ErrorCode::NotFound),
              HasSubstr("there is no database"));
  EXPECT_THAT(error_of([&] { (void)backup(database, (folder() / "no/such/copy.db").string()); }, ErrorCode::InvalidArgument),
              HasSubstr("there is no folder"));
  EXPECT_THAT(error_of([&] { (void)backup(database, (folder() / "").string()); }, ErrorCode::InvalidArgument),
              HasSubstr("name the file"));
  EXPECT_THAT(error_of([&] { (void)backup(database, database.substr(7)); }, ErrorCode::InvalidArgument),
              HasSubstr("that is the database itself"));
  EXPECT_THAT(error_of([&] { (void)backup("postgresql:///orders", copy, {.tenant = "acme"}); }, ErrorCode::InvalidArgument),
              HasSubstr("pg_dump --format=custom --schema=acme"));
  std::ofstream(copy) << "mine";
  EXPECT_THAT(error_of([&] { (void)backup(database, copy); }, ErrorCode::Conflict), HasSubstr("the file is there already"));
  EXPECT_EQ(std::filesystem::file_size(copy), 4U);
  // One that was killed has left this.
  std::ofstream(copy + ".part") << "half";
  EXPECT_GT(backup(database, copy, {.overwrite = true}).bytes, 4U);
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
  std::ofstream((folder() / "other.db").string()) << "";
  EXPECT_THAT(error_of([&] { (void)backup("sqlite:" + (folder() / "other.db").string(), (folder() / "x.db").string()); },
                       ErrorCode::InvalidArgument),
              HasSubstr("has no workflows in it"));
  EXPECT_FALSE(std::filesystem::exists((folder() / "x.db").string()) || std::filesystem::exists((folder() / "x.db.part").string()));
}

}  // namespace
}  // namespace cloacina::runner::test
