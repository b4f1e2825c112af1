#include "core/state.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

#include "store/records.hpp"
#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;

constexpr std::array executions{ExecutionStatus::Pending,   ExecutionStatus::Running, ExecutionStatus::Paused,
                                ExecutionStatus::Completed, ExecutionStatus::Failed,  ExecutionStatus::Cancelled};
constexpr std::array tasks{TaskStatus::NotStarted, TaskStatus::Ready,   TaskStatus::Running,  TaskStatus::Completed,
                           TaskStatus::Failed,     TaskStatus::Skipped, TaskStatus::Cancelled};

TEST(Status, HasANameThatReadsBack) {
  std::set<std::string_view> names;
  for (const auto status : executions) {
    EXPECT_EQ(parse_execution_status(to_string(status)), status);
    names.insert(to_string(status));
  }
  EXPECT_EQ(names.size(), executions.size());
  EXPECT_EQ(to_string(TaskStatus::NotStarted), "NotStarted");
  EXPECT_EQ(to_string(TaskStatus::Skipped), "Skipped");
  EXPECT_EQ(to_string(TaskStatus::Cancelled), "Cancelled");
  EXPECT_EQ(to_string(AttemptStatus::Crashed), "Crashed");
  EXPECT_EQ(to_string(ErrorCode::InvalidWorkflow), "InvalidWorkflow");
  EXPECT_EQ(error_of([] { (void)parse_execution_status("completed"); }),
            "InvalidArgument: 'completed' is no status (did you mean 'Completed'?); there are Pending, Running, Paused, Completed, "
            "Failed and Cancelled");
  EXPECT_EQ(error_of([] { (void)parse_execution_status(""); }),
            "InvalidArgument: '' is no status; there are Pending, Running, Paused, Completed, Failed and Cancelled");
}

TEST(Status, KnowsWhatIsTerminal) {
  for (const auto s : executions) {
    EXPECT_EQ(is_terminal(s), s == ExecutionStatus::Completed || s == ExecutionStatus::Failed || s == ExecutionStatus::Cancelled)
        << to_string(s);
  }
  for (const auto s : tasks) {
    EXPECT_EQ(is_terminal(s), s != TaskStatus::NotStarted && s != TaskStatus::Ready && s != TaskStatus::Running) << to_string(s);
  }
}

TEST(Status, AStoredStateIsOneOfTheStatuses) {
  using store::State;
  EXPECT_EQ(store::status_of(State::NotStarted), TaskStatus::NotStarted);
  for (const auto s : {State::Ready, State::Delayed, State::Held, State::LastChance})
    EXPECT_EQ(store::status_of(s), TaskStatus::Ready);
  EXPECT_EQ(store::status_of(State::Running), TaskStatus::Running);
  EXPECT_EQ(store::status_of(State::Completed), TaskStatus::Completed);
  EXPECT_EQ(store::status_of(State::Failed), TaskStatus::Failed);
  EXPECT_EQ(store::status_of(State::Skipped), TaskStatus::Skipped);
  EXPECT_EQ(store::status_of(State::Cancelled), TaskStatus::Cancelled);
}

template <class Table, class All>
void check_table(const Table& table, const All& all) {
  using Status = std::decay_t<decltype(all[0])>;
  std::set<std::pair<Status, Status>> seen;
  for (const auto& t : table) {
    EXPECT_TRUE(seen.insert({t.from, t.to}).second) << to_string(t.from) << " to " << to_string(t.to) << " is there twice";
    EXPECT_NE(t.from, t.to);
    EXPECT_FALSE(t.why.empty());
    EXPECT_TRUE(core::allowed(table, t.from, t.to));
    if (is_terminal(t.from)) {
      EXPECT_TRUE(t.why.starts_with("retry")) << "only a retry leaves " << to_string(t.from);
    }
  }
  for (const auto from : all) {
    for (const auto to : all) EXPECT_EQ(core::allowed(table, from, to), seen.contains({from, to}));
  }
}

TEST(Transitions, OfTasksAreEachThereOnceAndOnlyARetryLeavesAnEnd) { check_table(core::task_transitions, tasks); }
TEST(Transitions, OfExecutionsAreEachThereOnceAndOnlyARetryLeavesAnEnd) { check_table(core::execution_transitions, executions); }

TEST(Transitions, TheDocumentShowsTheTables) {
  std::ifstream file(SOURCE_DIR "/docs/states.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const auto& diagram : {core::task_diagram(), core::execution_diagram()}) {
    EXPECT_TRUE(test::has(text.str(), "```mermaid\n" + diagram + "```\n")) << "docs/states.md should hold\n```mermaid\n"
                                                                           << diagram << "```";
  }
}

TEST(Execution, FindsItsTasks) {
  Execution e;
  e.tasks.resize(2);
  e.tasks[0].name = "fetch";
  e.tasks[1].name = "sum";
  e.tasks[1].status = TaskStatus::Running;
  EXPECT_EQ(e.task("sum").status, TaskStatus::Running);
  EXPECT_EQ(error_of([&] { (void)e.task("fetsh"); }),
            "NotFound: execution " + e.id.to_string() + " has no task 'fetsh' (did you mean 'fetch'?)");
}

}  // namespace
}  // namespace cloacina
