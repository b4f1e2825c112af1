// Sizes that a user may try. No time is asserted: what is not linear does not end.

#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using ::testing::SizeIs;

TEST_P(StoreConformance, TenThousandParallelTasksAndTheirJoin) {
  constexpr int width = 10'000;
  WorkflowBuilder flow{"wide"};
  flow.task("root", nothing);
  std::vector<std::string> middle;
  for (int i = 0; i < width; ++i) {
    middle.push_back("t" + std::to_string(i));
    flow.task(middle.back(), nothing).after("root");
  }
  flow.task("join", nothing).after(middle);
  const auto id = submit(flow.build());
  complete(claim_one());
  int ran = 0;
  auto b = batch();
  for (;;) {
    b.claim = request(500);
    const auto claimed = commit(b).claimed;
    if (claimed.empty()) break;
    b = batch();
    for (const auto& task : claimed) b.outcomes.push_back(completed(task));
    ran += static_cast<int>(claimed.size());
  }
  EXPECT_EQ(ran, width + 1);
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
  EXPECT_THAT(get(id).tasks, SizeIs(width + 2));
}

TEST_P(StoreConformance, AChainOfFiveThousandTasks) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("t" + std::to_string(i));
  const auto id = submit(chain("long", names));
  EXPECT_EQ(drain(), names);
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, AFailureAtTheHeadOfALongChainSkipsAllOfIt) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("t" + std::to_string(i));
  const auto id = submit(chain("long", names));
  fail(claim_one());
  EXPECT_EQ(status(id), ExecutionStatus::Failed);
  EXPECT_EQ(status(id, "t4999"), TaskStatus::Skipped);
}

TEST_P(StoreConformance, AWorkflowOfAsManyTasksAsThereMayBe) {
  WorkflowBuilder flow{"huge"};
  for (int i = 0; i < 65'535; ++i) flow.task("t" + std::to_string(i), nothing);
  const auto id = submit(flow.build());
  const auto claimed = claim(65'535);
  ASSERT_THAT(claimed, SizeIs(65'535));
  EXPECT_EQ(claimed.back().task.position, 65'534U);
  auto b = batch();
  for (const auto& task : claimed) b.outcomes.push_back(completed(task));
  EXPECT_THAT(commit(b).finished, SizeIs(1));
  EXPECT_EQ(status(id), ExecutionStatus::Completed);
}

TEST_P(StoreConformance, ALargeContextComesBackWhole) {
  const std::string megabyte(1 << 20, 'x');
  const auto id = submit(chain("w", {"a"}), {.input = {{"in", megabyte}}});
  complete(claim_one(), {{"out", megabyte}});
  EXPECT_EQ(get(id).context, (Json{{"in", megabyte}, {"out", megabyte}}));
}

}  // namespace
}  // namespace cloacina::test
