#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST_P(StoreConformance, ASubmittedExecutionIsThereForEveryConnection) {
  const auto id = submit(chain("w", {"a", "b"}), {.priority = 7, .key = "k", .input = {{"day", "Monday"}}});
  const auto again = database_.open();
  const auto e = again->reader()->get(id).value();
  EXPECT_EQ(e.id, id);
  EXPECT_EQ(e.workflow, "w");
  EXPECT_EQ(e.version, chain("w", {"a", "b"}).version());
  EXPECT_EQ(e.status, ExecutionStatus::Pending);
  EXPECT_EQ(e.priority, 7);
  EXPECT_EQ(e.key, "k");
  EXPECT_EQ(e.submitted_at, now_);
  EXPECT_EQ(e.due_at, now_);
  EXPECT_EQ(e.started_at, std::nullopt);
  EXPECT_EQ(e.finished_at, std::nullopt);
  EXPECT_EQ(e.input, (Json{{"day", "Monday"}}));
  EXPECT_EQ(e.context, e.input);
  EXPECT_EQ(statuses(id), "a:Ready b:NotStarted");
  EXPECT_THAT(e.task("b").after, ElementsAre("a"));
}

TEST_P(StoreConformance, SubmittingOneIdTwiceGivesOneExecution) {
  const auto definition = put(chain("w", {"a"}));
  auto b = batch();
  b.submissions.push_back(new_execution(definition));
  b.submissions.push_back(b.submissions[0]);
  const auto first = commit(b);
  EXPECT_EQ(first.submissions[0].applied, Applied::Yes);
  EXPECT_EQ(first.submissions[1].applied, Applied::Duplicate);
  const auto second = commit(b);
  EXPECT_EQ(second.submissions[0].applied, Applied::Duplicate);
  EXPECT_EQ(second.submissions[0].id, b.submissions[0].id);
  EXPECT_EQ(second.submissions[0].key, first.submissions[0].key);
  EXPECT_EQ(reader_->list({}).executions.size(), 1U);
  EXPECT_EQ(claim().size(), 1U) << "its task is ready once";
}

TEST_P(StoreConformance, SubmittingOneKeyTwiceGivesTheFirstExecution) {
  const auto definition = put(chain("w", {"a"}));
  const auto first = submit(definition, {.key = "order-7"});
  EXPECT_EQ(submit(definition, {.key = "order-7", .input = {{"other", 1}}}), first);
  EXPECT_NE(submit(definition, {.key = "order-8"}), first);
  EXPECT_NE(submit(definition), submit(definition)) << "no key is no key";
  EXPECT_EQ(get(first).input, Json::object());
  drain();
  EXPECT_EQ(submit(definition, {.key = "order-7"}), first) << "also after its end";
}

TEST_P(StoreConformance, ManySubmissionsShareACommit) {
  const auto definition = put(chain("w", {"a"}));
  auto b = batch();
  for (int i = 0; i < 100; ++i) b.submissions.push_back(new_execution(definition));
  b.claim = request(60);
  const auto result = commit(b);
  EXPECT_EQ(result.submissions.size(), 100U);
  EXPECT_EQ(result.claimed.size(), 60U) << "claimed in the commit that made them";
  EXPECT_EQ(claim().size(), 40U);
}

TEST_P(StoreConformance, AnExecutionStartsNotBeforeItsTime) {
  const auto id = submit(chain("w", {"a", "b"}), {.start_at = now_ + 1h});
  EXPECT_EQ(get(id).due_at, now_ + 1h);
  EXPECT_EQ(get(id).task("a").run_at, now_ + 1h);
  EXPECT_EQ(status(id, "a"), TaskStatus::Ready);
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(tick().next_due, now_ + 1h);
  pass(1h - 1us);
  EXPECT_EQ(tick().next_due, now_ + 1us);
  EXPECT_TRUE(claim().empty());
  pass(1us);
  EXPECT_EQ(tick().next_due, std::nullopt);
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
  EXPECT_EQ(get(id).started_at, now_);
}

TEST_P(StoreConformance, AStartInThePastIsNow) {
  submit(chain("w", {"a"}), {.start_at = now_ - 1h});
  EXPECT_EQ(claim().size(), 1U);
}

TEST_P(StoreConformance, ASubmitterWhoseClockRunsAheadStartsAtOnce) {
  auto e = new_execution(put(chain("w", {"a"})));
  e.submitted_at = now_ + 1s;
  auto b = batch();
  b.submissions.push_back(e);
  commit(b);
  EXPECT_EQ(claim().size(), 1U);
}

TEST_P(StoreConformance, AnUnknownDefinitionAppliesNothing) {
  auto b = batch();
  b.submissions.push_back(new_execution(put(chain("w", {"a"}))));
  b.submissions.push_back(new_execution(4711));
  EXPECT_THROW(commit(b), Error);
  EXPECT_TRUE(reader_->list({}).executions.empty());
}

TEST_P(StoreConformance, OneVersionIsStoredOnce) {
  const auto key = put(chain("w", {"a"}));
  EXPECT_EQ(put(chain("w", {"a"})), key);
  const auto second = put(chain("w", {"a", "b"}));
  EXPECT_NE(second, key);
  EXPECT_EQ(reader_->find_definition("w")->key, second) << "the one registered last is current";
  EXPECT_EQ(put(chain("w", {"a"})), key);
  EXPECT_EQ(reader_->find_definition("w")->key, key);
  EXPECT_EQ(reader_->find_definition("w")->definition->text, chain("w", {"a"}).definition().text);
  EXPECT_FALSE(reader_->find_definition("other").has_value());
}

TEST_P(StoreConformance, ListsTheCurrentDefinitionsByName) {
  put(chain("b", {"a"}));
  put(chain("a", {"a"}));
  put(chain("a", {"a", "b"}));
  std::vector<std::string> found;
  for (const auto& d : reader_->current_definitions())
    found.push_back(d.definition->name + std::to_string(d.definition->tasks.size()));
  EXPECT_THAT(found, ElementsAre("a2", "b1"));
}

TEST_P(StoreConformance, AnExecutionStaysWithItsVersion) {
  const auto id = submit(chain("w", {"a", "b"}));
  put(chain("w", {"other"}));
  EXPECT_THAT(drain(), ElementsAre("a", "b"));
  EXPECT_EQ(get(id).version, chain("w", {"a", "b"}).version());
  EXPECT_EQ(reader_->definition_of(id)->definition->tasks.size(), 2U);
  EXPECT_FALSE(reader_->definition_of(ExecutionId::generate()).has_value());
}

TEST_P(StoreConformance, AVersionIsWhatWasStoredEvenIfItHasFunctions) {
  WorkflowBuilder flow{"w"};
  RetryPolicy own;
  own.delay = [](int) { return 1s; };
  flow.task("a", nothing).retry(own);
  const auto workflow = flow.build();
  const auto id = submit(workflow);
  EXPECT_EQ(database_.open()->reader()->get(id)->version, workflow.version());
}

TEST_P(StoreConformance, WhatIsNotThereIsNoError) {
  EXPECT_FALSE(reader_->get(ExecutionId::generate()).has_value());
  EXPECT_EQ(reader_->status(ExecutionId::generate()), std::nullopt);
  EXPECT_EQ(control(Control::Kind::Cancel, ExecutionId::generate()).applied, Applied::NotFound);
}

}  // namespace
}  // namespace cloacina::test
