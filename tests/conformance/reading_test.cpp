#include "conformance/store_fixture.hpp"

namespace cloacina::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<ExecutionId> ids(const ExecutionPage& page) {
  std::vector<ExecutionId> out;
  for (const auto& e : page.executions) out.push_back(e.id);
  return out;
}

TEST_P(StoreConformance, ListsTheNewestFirstPageByPage) {
  const auto definition = put(chain("w", {"a"}));
  std::vector<ExecutionId> newest;
  for (int i = 0; i < 7; ++i) newest.insert(newest.begin(), submit(definition));
  std::vector<ExecutionId> found;
  std::vector<std::size_t> sizes;
  ListFilter filter{.limit = 3};
  for (;;) {
    const auto page = reader_->list(filter);
    for (const auto& id : ids(page)) found.push_back(id);
    sizes.push_back(page.executions.size());
    if (!page.next) break;
    filter.page = page.next;
    if (sizes.size() == 1) submit(definition);  // something new does not shift the pages
  }
  EXPECT_THAT(found, ElementsAreArray(newest));
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
}

TEST_P(StoreConformance, APageThatIsFullToTheEndIsTheLast) {
  const auto definition = put(chain("w", {"a"}));
  submit(definition);
  submit(definition);
  EXPECT_EQ(reader_->list({.limit = 2}).next, std::nullopt);
  EXPECT_THAT(reader_->list({.limit = 1}).next, ::testing::Ne(std::nullopt));
}

TEST_P(StoreConformance, APageThatNoListGaveIsRefused) {
  for (const char* page : {"", "x", "7x"}) EXPECT_THROW((void)reader_->list({.page = page}), Error) << page;
}

TEST_P(StoreConformance, ListsByWorkflowStatusAndTime) {
  const auto x = put(chain("x", {"a"}));
  const auto y = put(chain("y", {"a", "b"}));
  std::map<std::string, ExecutionId> id;
  id["completed"] = submit(x);
  drain();
  id["failed"] = submit(y);
  drain({"a"});
  id["cancelled"] = submit(x);
  control(Control::Kind::Cancel, id["cancelled"]);
  pass(1h);
  const auto later = now_;
  id["running"] = submit(y);
  claim();
  id["paused"] = submit(x);
  control(Control::Kind::Pause, id["paused"]);
  id["delayed"] = submit(x, {.start_at = now_ + 1h});
  id["pending"] = submit(y);

  const auto list = [&](ListFilter filter) {
    std::vector<std::string> names;
    for (const auto& found : ids(reader_->list(filter))) {
      for (const auto& [name, known] : id) {
        if (known == found) names.push_back(name);
      }
    }
    return names;
  };
  EXPECT_THAT(list({}), ElementsAre("pending", "delayed", "paused", "running", "cancelled", "failed", "completed"));
  EXPECT_THAT(list({.workflow = "x"}), ElementsAre("delayed", "paused", "cancelled", "completed"));
  EXPECT_THAT(list({.workflow = "nobody"}), IsEmpty());
  EXPECT_THAT(list({.status = ExecutionStatus::Pending}), ElementsAre("pending", "delayed"));
  EXPECT_THAT(list({.status = ExecutionStatus::Running}), ElementsAre("running"));
  EXPECT_THAT(list({.status = ExecutionStatus::Paused}), ElementsAre("paused"));
  EXPECT_THAT(list({.status = ExecutionStatus::Completed}), ElementsAre("completed"));
  EXPECT_THAT(list({.status = ExecutionStatus::Failed}), ElementsAre("failed"));
  EXPECT_THAT(list({.status = ExecutionStatus::Cancelled}), ElementsAre("cancelled"));
  EXPECT_THAT(list({.since = later}), ElementsAre("pending", "delayed", "paused", "running"));
  EXPECT_THAT(list({.workflow = "y", .status = ExecutionStatus::Failed}), ElementsAre("failed"));
  EXPECT_THAT(list({.workflow = "x", .status = ExecutionStatus::Failed}), IsEmpty());
  EXPECT_THAT(list({.workflow = "x", .status = ExecutionStatus::Pending}), ElementsAre("delayed"));
  EXPECT_THAT(list({.workflow = "x", .status = ExecutionStatus::Completed, .since = later}), IsEmpty());
  EXPECT_THAT(list({.workflow = "y", .since = later}), ElementsAre("pending", "running"));
  EXPECT_THAT(list({.status = ExecutionStatus::Pending, .limit = 1}), ElementsAre("pending"));
}

TEST_P(StoreConformance, AListLeavesOutWhatOnlyOneNeeds) {
  submit(chain("w", {"a"}), {.key = "k", .input = {{"n", 1}}});
  const auto e = reader_->list({}).executions.at(0);
  EXPECT_EQ(e.key, "k");
  EXPECT_EQ(e.input, (Json{{"n", 1}}));
  EXPECT_THAT(e.tasks, IsEmpty());
}

TEST_P(StoreConformance, AnExecutionIsPrunedWholeAndOnlyAfterItsEnd) {
  const auto definition = put(chain("w", {"a", "b"}));
  const auto done = submit(definition, {.key = "k"});
  auto o = failed(claim_one());
  o.output.out = "said";
  apply(o);
  const auto cancelled = submit(definition);
  const auto running_still = claim_one();
  control(Control::Kind::Cancel, cancelled);
  const auto open = submit(definition);
  const auto paused = submit(definition);
  control(Control::Kind::Pause, paused);
  pass(1h);
  const auto border = now_;
  const auto later = submit(definition);
  control(Control::Kind::Cancel, later);
  pass(24h);

  EXPECT_EQ(store_->prune(border - 1h, 10), 0) << "nothing ended before";
  EXPECT_EQ(store_->prune(border, 10), 1);
  EXPECT_FALSE(reader_->get(done).has_value());
  EXPECT_TRUE(reader_->get(cancelled).has_value()) << "a task of it still runs";
  EXPECT_TRUE(reader_->get(later).has_value());
  apply(outcome(running_still, AttemptOutcome::Kind::Cancelled));
  EXPECT_EQ(store_->prune(border, 10), 1);
  EXPECT_FALSE(reader_->get(cancelled).has_value());
  EXPECT_EQ(store_->prune(now_ + 24h, 10), 1);
  EXPECT_TRUE(reader_->get(open).has_value());
  EXPECT_TRUE(reader_->get(paused).has_value());
  EXPECT_THROW((void)reader_->logs(done, {}, {}), Error);
  EXPECT_NE(submit(definition, {.key = "k"}), done) << "its key is free again";
  for (const auto& finding : db_->doctor()) {
    if (finding.check == "consistency") ADD_FAILURE() << finding.text;
  }
}

TEST_P(StoreConformance, PruningKeepsToItsLimit) {
  const auto definition = put(chain("w", {"a"}));
  for (int i = 0; i < 5; ++i) submit(definition);
  drain();
  pass(1h);
  EXPECT_EQ(store_->prune(now_, 2), 2);
  EXPECT_EQ(store_->prune(now_, 2), 2);
  EXPECT_EQ(store_->prune(now_, 2), 1);
  EXPECT_EQ(store_->prune(now_, 2), 0);
  EXPECT_THAT(reader_->list({}).executions, IsEmpty());
}

TEST_P(StoreConformance, AnotherConnectionsCommitIsNoticedOnce) {
  const auto definition = put(chain("w", {"a"}));
  (void)reader_->changed_by_others();
  const auto other = db_->store();
  commit(batch());
  EXPECT_FALSE(store_->changed_by_others()) << "an own commit is none";
  Batch b;
  b.now = now_;
  b.submissions.push_back(new_execution(definition));
  other->commit(b);
  EXPECT_TRUE(store_->changed_by_others());
  EXPECT_FALSE(store_->changed_by_others());
  EXPECT_TRUE(reader_->changed_by_others());
  EXPECT_FALSE(reader_->changed_by_others());
  b.submissions = {new_execution(definition)};
  other->commit(b);
  EXPECT_TRUE(commit(batch()).changed_by_others) << "or by the next commit";
  EXPECT_FALSE(commit(batch()).changed_by_others);
}

TEST_P(StoreConformance, TheKeyOfADeletedExecutionIsNeverGivenAgain) {
  const auto definition = put(chain("w", {"a"}));
  std::int64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    auto b = batch();
    b.submissions = {new_execution(definition), new_execution(definition)};
    const auto made = commit(b).submissions;
    EXPECT_GT(made.at(0).key, last);
    last = made.at(1).key;
    drain();
    pass(1h);
    EXPECT_EQ(store_->prune(now_, 10), 2);
  }
}

TEST_P(StoreConformance, AHealthyDatabaseHasNoFindings) {
  const auto definition = put(chain("w", {"a"}));
  drain();
  submit(definition);
  drain();
  for (const auto& finding : db_->doctor()) EXPECT_FALSE(finding.problem) << finding.check << ": " << finding.text;
}

TEST_P(StoreConformance, TheDoctorTellsOfWorkThatNobodyKnows) {
  submit(put(chain("lonely", {"a"}), false));
  std::vector<std::string> found;
  for (const auto& finding : db_->doctor()) {
    if (finding.problem) found.push_back(finding.check);
  }
  EXPECT_THAT(found, ElementsAre("stranded", "backlog"));
}

}  // namespace
}  // namespace cloacina::test
