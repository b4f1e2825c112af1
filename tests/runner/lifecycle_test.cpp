// What a host sees of a runner beside its executions: threads, output, the log, and the order of start and stop.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <sstream>

#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Sends a file descriptor of the process into a file, until it is destroyed.
class Redirected {
 public:
  Redirected(int fd, std::filesystem::path file) : fd_(fd), kept_(::dup(fd)), file_(std::move(file)) {
    const int to = ::open(file_.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    EXPECT_EQ(::dup2(to, fd_), fd_);
    ::close(to);
  }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() {
    ::dup2(kept_, fd_);
    ::close(kept_);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out << std::ifstream(file_).rdbuf();
    return out.str();
  }

 private:
  int fd_;
  int kept_;
  std::filesystem::path file_;
};

class Lifecycle : public RunnerTest {
 protected:
  /// One execution that completes, one that fails, one that ignores its stop token, and a callback that throws.
  void eventful_life(const LogSink& sink) {
    const int before = thread_count();
    auto o = options();
    o.log = sink;
    o.stop_grace = 10ms;
    const auto stuck = gate();
    {
      const auto r = runner(o);
      r->add(single("good"));
      r->add(single("bad", [](TaskContext&) { throw std::runtime_error("no"); }));
      WorkflowBuilder slow("slow");
      slow.task("only", [stuck] { stuck->pass(); }).timeout(10ms).retry(RetryPolicy::none());
      r->add(slow.build());
      r->on_finished([](const Execution&) { throw std::runtime_error("from the callback"); });
      r->start();
      EXPECT_EQ(r->run("good").status, ExecutionStatus::Completed);
      EXPECT_EQ(r->run("bad").status, ExecutionStatus::Failed);
      EXPECT_EQ(r->run("slow").status, ExecutionStatus::Failed);
    }
    let_go(before);
  }
};

TEST_F(Lifecycle, ThereIsNoThreadBeforeStart) {
  const int before = thread_count();
  const auto r = runner();
  r->add(single("flow"));
  const auto id = r->submit("flow");
  r->cancel(id);
  EXPECT_EQ(r->wait(id).status, ExecutionStatus::Cancelled);
  EXPECT_EQ(r->list().executions.size(), 1u);
  EXPECT_EQ(thread_count(), before);
  r->start();
  EXPECT_GT(thread_count(), before) << "the count would not have shown a thread";
}

TEST_F(Lifecycle, AfterStopNoThreadIsLeft) {
  const int before = thread_count();
  const auto r = started({single("flow")});
  std::vector<ExecutionId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(r->submit("flow"));
  for (const auto& id : ids) (void)r->wait(id);
  EXPECT_FALSE(r->stop().threads_left);
  EXPECT_TRUE(eventually([&] { return thread_count() <= before; }));
}

TEST_F(Lifecycle, WithoutASinkNothingIsWrittenAnywhere) {
  std::string out;
  std::string err;
  {
    const Redirected to_out(STDOUT_FILENO, folder() / "out");
    const Redirected to_err(STDERR_FILENO, folder() / "err");
    eventful_life({});
    out = to_out.text();
    err = to_err.text();
  }
  EXPECT_THAT(out, IsEmpty());
  EXPECT_THAT(err, IsEmpty());
}

TEST_F(Lifecycle, WithASinkOnlyTheSinkHears) {
  Journal<std::string> lines;
  std::string out;
  std::string err;
  {
    const Redirected to_out(STDOUT_FILENO, folder() / "out");
    const Redirected to_err(STDERR_FILENO, folder() / "err");
    eventful_life([&](LogLevel, std::string_view text) { lines.add(std::string(text)); });
    out = to_out.text();
    err = to_err.text();
  }
  EXPECT_THAT(out, IsEmpty());
  EXPECT_THAT(err, IsEmpty());
  EXPECT_THAT(lines.all(), testing::Contains(HasSubstr("from the callback")));
  EXPECT_THAT(lines.all(), testing::Contains(HasSubstr("ignores its stop token; its thread is written off")));
}

TEST_F(Lifecycle, ASinkThatThrowsChangesNothing) {
  std::atomic<int> calls{0};
  eventful_life([&](LogLevel, std::string_view) {
    if (++calls % 2 == 0) throw std::runtime_error("the sink is full");
    throw 7;
  });
  EXPECT_GE(calls.load(), 2);
}

TEST_F(Lifecycle, TheSinkIsCalledOnceAtATime) {
  std::atomic<int> inside{0};
  std::atomic<int> together{0};
  std::atomic<int> calls{0};
  auto o = options();
  o.log = [&](LogLevel, std::string_view) {
    if (++inside > 1) ++together;
    std::this_thread::yield();
    ++calls;
    --inside;
  };
  const auto r = runner(o);
  r->add(single("flow"));
  r->on_finished([](const Execution&) { throw std::runtime_error("no"); });
  r->start();
  (void)r->submit_many(std::vector<Submission>(200, {.workflow = "flow"}));
  EXPECT_TRUE(eventually([&] { return calls.load() >= 200; }));
  r->stop();
  EXPECT_EQ(together.load(), 0);
}

TEST_F(Lifecycle, StartingTwiceIsRefused) {
  const auto r = started({});
  EXPECT_THAT(error_of([&] { r->start(); }, ErrorCode::Conflict), HasSubstr("started before"));
}

TEST_F(Lifecycle, StartingAfterStopIsRefused) {
  const auto r = started({});
  r->stop();
  EXPECT_THAT(error_of([&] { r->start(); }, ErrorCode::Conflict), HasSubstr("started before"));
}

TEST_F(Lifecycle, AStoppedRunnerIsAClient) {
  const auto first = started({single("flow")});
  first->stop();
  const auto id = first->submit("flow");
  EXPECT_EQ(first->get(id).status, ExecutionStatus::Pending);
  first->pause(id);
  first->resume(id);
  const auto second = started({single("flow")});
  EXPECT_EQ(first->wait(id, patience).status, ExecutionStatus::Completed);
}

TEST_F(Lifecycle, AStopBeforeStartIsNothing) {
  const auto r = runner();
  const auto report = r->stop();
  EXPECT_THAT(report.unfinished, IsEmpty());
  EXPECT_FALSE(report.threads_left);
}

TEST_F(Lifecycle, DestructionWithoutStart) {
  const auto r = runner();
  r->add(single("flow"));
  (void)r->submit("flow");
}

TEST_F(Lifecycle, DestructionRightAfterStart) {
  const auto before = thread_count();
  {
    const auto client = runner();
    client->add(single("flow"));
    (void)client->submit_many(std::vector<Submission>(200, {.workflow = "flow"}));
  }
  for (int i = 0; i < 20; ++i) (void)started({single("flow")});
  EXPECT_TRUE(eventually([&] { return thread_count() <= before; }));
  const auto last = started({single("flow")});
  for (const auto& e : last->list().executions) EXPECT_EQ(last->wait(e.id, patience).status, ExecutionStatus::Completed);
}

TEST_F(Lifecycle, AWorkflowAddedAfterStartRuns) {
  const auto r = started({});
  r->add(single("late"));
  EXPECT_TRUE(r->run("late").completed());
}

TEST_F(Lifecycle, ANewVersionIsTheOneThatLaterSubmissionsUse) {
  const auto version = [](const std::string& text) {
    WorkflowBuilder flow("flow");
    flow.version(text).task("only", [text](TaskContext& t) { t.context().set("version", text); });
    return flow.build();
  };
  const auto one = version("1");
  const auto two = version("2");
  const auto r = started({one});
  const auto waiting =
      r->submit("flow", {}, {.start_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + 1h});
  r->add(two);
  const auto result = r->run("flow");
  EXPECT_EQ(result.version, two.version());
  EXPECT_EQ(result.context.at("version"), "2");
  EXPECT_EQ(r->get(waiting).version, one.version());
  r->add(one);
  EXPECT_EQ(r->run("flow").context.at("version"), "1");
}

TEST_F(Lifecycle, ADatabaseThatCannotBeOpenedIsUnavailable) {
  auto o = options();
  o.database = "sqlite:" + (folder() / "no" / "such" / "folder.db").string();
  EXPECT_THAT(error_of([&] { (void)runner(o); }, ErrorCode::Unavailable), HasSubstr("folder.db"));
  o.database = "oracle:db";
  EXPECT_THAT(error_of([&] { (void)runner(o); }, ErrorCode::InvalidArgument), HasSubstr("oracle:db"));
}

}  // namespace
}  // namespace cloacina::runner::test
