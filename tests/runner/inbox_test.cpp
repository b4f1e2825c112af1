// The bound of what is on its way to the loop.
#include "engine/inbox.hpp"
#include "runner_help.hpp"

namespace cloacina::runner::test {
namespace {

using engine::Inbox;
using engine::SubmitRequest;

SubmitRequest request(std::size_t executions) {
  SubmitRequest r;
  r.executions.resize(executions);
  return r;
}
std::size_t executions(const engine::Messages& messages) {
  std::size_t n = 0;
  for (const auto& s : messages.submissions) n += s.executions.size();
  return n;
}

TEST(InboxBound, AFullInboxMakesCallersWait) {
  constexpr int max = 4;
  constexpr int threads = 12;
  for (int round = 0; round < 100; ++round) {
    Inbox inbox(max);
    std::atomic<int> calling{0};
    std::atomic<int> returned{0};
    std::vector<std::jthread> callers;
    for (int i = 0; i < threads; ++i) {
      callers.emplace_back([&] {
        ++calling;
        inbox.submit(request(1));
        ++returned;
      });
    }
    int taken = 0;
    while (taken < threads) {
      // As many as fit have been let in; the others, all of which have called, stand outside.
      const int fit = std::min(taken + max, threads);
      ASSERT_TRUE(eventually([&] { return calling.load() == threads && returned.load() >= fit; }));
      const auto got = static_cast<int>(executions(inbox.take()));
      EXPECT_EQ(got, fit - taken);
      taken += got;
    }
  }
}

TEST(InboxBound, OneRequestMayBeLargerThanTheInbox) {
  Inbox inbox(2);
  inbox.submit(request(10));
  std::atomic<bool> returned{false};
  std::jthread second([&] {
    inbox.submit(request(1));
    returned = true;
  });
  EXPECT_EQ(executions(inbox.take()), 10u);
  EXPECT_TRUE(eventually([&] { return returned.load(); }));
  EXPECT_EQ(executions(inbox.take()), 1u);
}

TEST(InboxBound, ClosingLetsCallersGoWithAnError) {
  Inbox inbox(1);
  inbox.submit(request(1));
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        const auto text = error_of([&] { inbox.submit(request(1)); }, ErrorCode::Unavailable);
        EXPECT_EQ(text, "the runner has stopped and takes no submissions");
        ++refused;
      });
    }
    inbox.close();
  }
  EXPECT_EQ(refused.load(), 4);
  (void)error_of([&] { inbox.submit(request(1)); }, ErrorCode::Unavailable);
  (void)error_of([&] { inbox.control({}); }, ErrorCode::Unavailable);
  EXPECT_EQ(executions(inbox.take()), 1u) << "what was in it stays";
}

TEST(InboxBound, ControlsAndOutcomesDoNotWait) {
  Inbox inbox(1);
  inbox.submit(request(1));
  for (int i = 0; i < 100; ++i) inbox.control({});
  inbox.done(std::vector<engine::WorkDone>(100), false);
  const auto messages = inbox.take();
  EXPECT_EQ(messages.controls.size(), 100u);
  EXPECT_EQ(messages.done.size(), 100u);
  EXPECT_TRUE(inbox.empty());
}

class SmallInbox : public RunnerTest {};

TEST_F(SmallInbox, OfARunnerLetsEverybodyThroughInTheEnd) {
  auto o = options();
  o.inbox_max = 1;
  const auto r = started({single("flow")}, o);
  Journal<ExecutionId> ids;
  in_threads(8, [&](int) {
    for (int i = 0; i < 20; ++i) ids.add(r->submit("flow"));
    for (const auto& id : r->submit_many(std::vector<Submission>(5, {.workflow = "flow"}))) ids.add(id);
  });
  EXPECT_EQ(ids.all().size(), 200u);
  for (const auto& id : ids.all()) EXPECT_TRUE(r->wait(id, patience).completed());
}

}  // namespace
}  // namespace cloacina::runner::test
