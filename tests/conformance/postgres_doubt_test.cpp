// The answer to a COMMIT is lost, and what is tried again must not be done twice, nor be refused because it is there.
#include <gmock/gmock.h>

#include "cloacina/cloacina.hpp"
#include "postgres/fresh_schema.hpp"
#include "postgres/proxy.hpp"

namespace cloacina::test {
namespace {

class PostgresDoubt : public testing::TestWithParam<Proxy::Cut> {
 protected:
  [[nodiscard]] std::string url() const {
    auto url = schema_.url();
    return url.replace(url.find(server_folder()), server_folder().size(), proxy_.folder());
  }
  /// The connection is lost around the COMMIT of what `use` does.
  template <class Use>
  auto doubtful(const Use& use) {
    const int before = proxy_.cuts();
    proxy_.cut(GetParam());
    auto result = use();
    EXPECT_EQ(proxy_.cuts(), before + 1);
    return result;
  }
  static Workflow flow() {
    WorkflowBuilder flow("flow");
    flow.task("only", [] {});
    return flow.build();
  }

 private:
  FreshSchema schema_;
  Proxy proxy_{server_folder()};
};

TEST_P(PostgresDoubt, ARunnerStarts) {
  Runner runner{{.database = url()}};
  runner.add(flow());
  EXPECT_TRUE(doubtful([&] {
    runner.start();
    return true;
  }));
  EXPECT_TRUE(runner.run("flow").completed());
  EXPECT_EQ(runner.runners().size(), 1U);
}

TEST_P(PostgresDoubt, WhoChangesAScheduleIsToldWhatBecameOfIt) {
  Runner client{{.database = url()}};
  client.add(flow());
  auto schedules = client.schedules();
  Schedule nightly{.name = "nightly", .workflow = "flow", .cron = "0 2 * * *"};
  EXPECT_EQ(doubtful([&] { return schedules.put(nightly); }), Schedules::Put::Created);
  nightly.cron = "0 3 * * *";
  EXPECT_EQ(doubtful([&] { return schedules.put(nightly); }), Schedules::Put::Updated);
  EXPECT_EQ(schedules.get("nightly").revision, 2);
  EXPECT_TRUE(doubtful([&] {
    schedules.pause("nightly", "holidays");
    return true;
  }));
  EXPECT_TRUE(doubtful([&] {
    schedules.resume("nightly");
    return true;
  }));
  std::vector<std::string> kinds;
  for (const auto& event : schedules.events("nightly")) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, testing::UnorderedElementsAre("created", "updated", "paused", "resumed"));
  EXPECT_TRUE(doubtful([&] {
    schedules.remove("nightly");
    return true;
  }));
  EXPECT_TRUE(schedules.list().empty());
}

INSTANTIATE_TEST_SUITE_P(Commit, PostgresDoubt, testing::Values(Proxy::Cut::BeforeCommit, Proxy::Cut::AfterCommit),
                         [](const auto& cut) { return cut.param == Proxy::Cut::BeforeCommit ? "NotDone" : "Done"; });

}  // namespace
}  // namespace cloacina::test
