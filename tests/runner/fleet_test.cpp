// What only a server has: several lanes, poolers, hosts whose clocks differ.
#include "runner/runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

class Fleet : public RunnerTest {
 protected:
  [[nodiscard]] RunnerOptions lanes(int count) const {
    auto o = options();
    o.name = "wide";
    o.workers = 6;
    o.lanes = count;
    return o;
  }
};

TEST_F(Fleet, LanesShareTheWorkAndAreOneRunner) {
  std::atomic<int> ran{0};
  const auto r = started({single("flow", [&](TaskContext&) { ++ran; }), chain("chain", 4)}, lanes(3));
  std::vector<Submission> all(300, {.workflow = "flow"});
  all.resize(330, {.workflow = "chain"});
  for (const auto& id : r->submit_many(std::move(all))) EXPECT_TRUE(r->wait(id, patience).completed());
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(r->run("flow").completed()) << "whichever lane it goes to";
  EXPECT_EQ(ran.load(), 320);
  EXPECT_THAT(r->runners(), ElementsAre(AllOf(Field(&RunnerInfo::name, "wide"), Field(&RunnerInfo::workers, 6),
                                              Field(&RunnerInfo::alive, true), Field(&RunnerInfo::workflows, SizeIs(2)))));
  EXPECT_EQ(r->stats().tasks, 300 + 120 + 20);
  r->stop();
  EXPECT_THAT(r->runners(), SizeIs(0));
}

TEST_F(Fleet, ACancelReachesWhicheverLaneRunsTheTask) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)}, lanes(3));
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(r->submit("flow"));
  ASSERT_TRUE(closed->reached(6));
  for (const auto& id : ids) r->cancel(id);
  for (const auto& id : ids) {
    EXPECT_TRUE(eventually([&] { return r->get(id).task("only").status == TaskStatus::Cancelled; }));
  }
}

TEST_F(Fleet, AStopGivesBackWhatAllLanesHold) {
  const auto closed = gate();
  const auto r = started({gated("flow", closed)}, lanes(3));
  for (int i = 0; i < 20; ++i) (void)r->submit("flow");
  ASSERT_TRUE(closed->reached(6));
  EXPECT_THAT(r->stop(0s).unfinished, SizeIs(6));
  const auto client = runner();
  for (const auto& e : client->list().executions) EXPECT_EQ(client->get(e.id).task("only").status, TaskStatus::Ready);
}

TEST_F(Fleet, AnAtRebootScheduleFiresOnceForAllLanes) {
  auto r = runner(lanes(3));
  r->add(single("flow"));
  r->schedules().put({.name = "boot", .workflow = "flow", .cron = "@reboot", .dialect = Dialect::Extended});
  r->start();
  EXPECT_TRUE(eventually([&] { return r->list().executions.size() == 1; }));
  for (int i = 0; i < 10; ++i) (void)r->run("flow");
  EXPECT_THAT(r->schedules().history("boot").firings, SizeIs(1));
}

TEST_F(Fleet, ACommitIsHeardOfHoweverLongAgoItsSubmissionWas) {
  auto o = options();
  o.heartbeat = 1h;
  o.lease = 3h;
  const auto r = started({single("flow")}, o);
  cloacina::test::RawConnection app(o.database);
  app.run("BEGIN");
  const auto id = r->submit_in(app.handle(), "flow");
  // The runner looks meanwhile, sees that there is something, and finds nothing.
  const auto other = runner();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(other->run("flow").completed());
  app.run("COMMIT");
  EXPECT_TRUE(r->wait(id, patience / 3).completed());
}

TEST_F(Fleet, BehindAPoolerOthersWorkIsLookedFor) {
  const cloacina::test::FreshSchema schema;
  auto o = options();
  o.database = cloacina::test::pooler_url();
  o.tenant = schema.name();
  const auto works = started({single("flow")}, o);
  EXPECT_TRUE(works->run("flow").completed());
  // Another one behind the pooler, and one that is not: neither can tell.
  const auto pooled = runner(o);
  auto straight = o;
  straight.database = cloacina::test::server_url();
  const auto direct = runner(straight);
  for (const auto* client : {&pooled, &direct}) {
    const auto e = (*client)->run("flow");
    EXPECT_TRUE(e.completed());
    EXPECT_EQ(e.task("only").attempts.at(0).runner, works->runners().at(0).name);
  }
  // The number of changes grows at the call, and the work is there at the commit, long after the runner has looked.
  cloacina::test::RawConnection app(cloacina::test::server_url());
  app.run("BEGIN");
  const auto id = direct->submit_in(app.handle(), "flow");
  EXPECT_TRUE(works->run("flow").completed());
  app.run("SELECT pg_sleep(1.5)");
  app.run("COMMIT");
  EXPECT_TRUE(works->wait(id, patience).completed());
  const auto later = direct->submit(
      "flow", {}, {.start_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 300ms});
  EXPECT_TRUE(works->wait(later, patience).completed());
}

TEST_F(Fleet, ErrorsDoNotTellPasswords) {
  auto o = options();
  o.database = "postgresql://me:s3cret@/x?host=/nowhere";
  EXPECT_THAT(error_of([&] { (void)runner(o); }, ErrorCode::Unavailable), AllOf(HasSubstr("/nowhere"), Not(HasSubstr("s3cret"))));
}

}  // namespace
}  // namespace cloacina::runner::test
