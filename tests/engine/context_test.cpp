// Where contexts come from: at hand in a running chain, from the store otherwise, within a bound.
#include "harness.hpp"

namespace cloacina::engine::test {

using Do = store::Control::Kind;

class Contexts : public EngineTest {
 protected:
  /// Every task counts itself and those before it.
  Workflow counting(int length) {
    WorkflowBuilder flow("counting");
    for (int i = 0; i < length; ++i) {
      auto ref = flow.task("t" + std::to_string(i), [](TaskContext& t) {
        t.context().set("n", t.context().get_or("n", 0) + 1);
        t.context().set("big" + std::string(t.task()), std::string(1'000, 'x'));
      });
      if (i > 0) ref.after("t" + std::to_string(i - 1));
    }
    return flow.build();
  }
  Workflow fan(int width) {
    WorkflowBuilder flow("fan");
    flow.task("top", [](TaskContext& t) { t.context().set("top", 1); });
    for (int i = 0; i < width; ++i) {
      flow.task("leaf" + std::to_string(i), [](TaskContext& t) { t.context().set(t.task(), t.context().get<int>("top")); })
          .after("top");
    }
    auto join = flow.task("join", [](TaskContext& t) { t.context().set("keys", t.context().size()); });
    for (int i = 0; i < width; ++i) join.after("leaf" + std::to_string(i));
    return flow.build();
  }
};
CLOACINA_ENGINE_SUITE(Contexts);

TEST_P(Contexts, AHotChainReadsNothingFromTheStore) {
  add(counting(20));
  const auto id = submit("counting");
  settle();
  EXPECT_EQ(watch.context_calls, 0);
  EXPECT_EQ(get(id).context.at("n"), 20);
}

TEST_P(Contexts, AfterARestartTheyAreReadOnceAndMerged) {
  add(counting(6));
  const auto id = submit("counting", {{"n", 100}});
  for (int i = 0; i < 3; ++i) perform_all(step().start);
  step();  // the third is recorded, the fourth claimed
  boot();
  settle();
  EXPECT_EQ(watch.contexts_read, 1U) << "the fourth; from there the chain is hot again";
  EXPECT_EQ(get(id).context.at("n"), 106);
}

TEST_P(Contexts, SiblingsShareWhatTheirParentLeft) {
  add(fan(10));
  const auto id = submit("fan");
  auto effects = step();
  perform_all(effects.start);
  effects = step();
  ASSERT_EQ(effects.start.size(), 10U);
  EXPECT_EQ(watch.context_calls, 0);
  const auto values = effects.start[0]->context->get();
  for (const auto& item : effects.start) EXPECT_EQ(item->context->get(), values) << "one object for all";
  perform_all(effects.start);
  settle();
  EXPECT_EQ(watch.contexts_read, 1U) << "the task with several parents";
  EXPECT_EQ(get(id).context.at("keys"), 11);
}

TEST_P(Contexts, SiblingsClaimedOverManyTurnsShareToo) {
  options.workers = 1;
  add(fan(8));
  const auto id = submit("fan");
  settle();
  EXPECT_EQ(watch.contexts_read, 1U);
  EXPECT_EQ(get(id).context.at("keys"), 9);
}

TEST_P(Contexts, ColdSiblingsOfOneTurnAreReadOnce) {
  add(fan(10));
  const auto id = submit("fan");
  perform_all(step().start);
  step();  // the ten are claimed, and die with the process
  boot();
  const auto effects = step();
  EXPECT_EQ(effects.start.size(), 10U);
  EXPECT_EQ(watch.contexts_read, 1U);
  perform_all(effects.start);
  settle();
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Contexts, SeveralRootsShareTheInput) {
  WorkflowBuilder flow("roots");
  for (int i = 0; i < 5; ++i) flow.task("r" + std::to_string(i), [](TaskContext& t) { (void)t.context().get<int>("x"); });
  add(flow.build());
  const auto id = submit("roots", {{"x", 1}});
  settle();
  EXPECT_EQ(watch.context_calls, 0);
  EXPECT_TRUE(get(id).completed());
}

TEST_P(Contexts, ABoundOfNothingReadsEverythingAndComputesTheSame) {
  options.context_cache_bytes = 0;
  add(counting(10));
  const auto id = submit("counting");
  settle();
  EXPECT_EQ(watch.contexts_read, 9U);
  EXPECT_EQ(get(id).context.at("n"), 10);
}

TEST_P(Contexts, ARetryReadsItsContextAgain) {
  int calls = 0;
  WorkflowBuilder flow("flow");
  flow.task("a", [](TaskContext& t) { t.context().set("a", 1); });
  flow.task("b",
            [&](TaskContext& t) {
              t.context().set("half", true);
              EXPECT_EQ(t.context().get<int>("a"), 1);
              if (++calls == 1) throw std::runtime_error("once");
              EXPECT_TRUE(t.context().remove("half")) << "what a failed attempt set is gone, this is the one just set";
            })
      .after("a")
      .retry(RetryPolicy::fixed(2, 1s));
  add(flow.build());
  const auto id = submit("flow");
  run_to_end();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(get(id).context, Json({{"a", 1}}));
}

TEST_P(Contexts, WhatWasAtHandBeforeARetryByOthersIsNotUsed) {
  int value = 1;
  WorkflowBuilder flow("flow");
  flow.task("a", [&](TaskContext& t) { t.context().set("a", value); });
  flow.task("b", [](TaskContext& t) { t.context().set("b", t.context().get<int>("a")); }).after("a");
  const auto workflow = flow.build();
  options.workers = 1;
  add(workflow);
  add(single("busy"));
  const auto id = submit("flow");
  perform_all(step().start);
  submit("busy", {}, {.priority = 9});
  const auto busy = step();  // "a" is recorded, its output at hand; the worker is taken
  ASSERT_EQ(names(busy.start), std::vector<std::string>{"only"});

  auto other = another();
  const auto command = [&](Do kind, std::optional<std::string> from) {
    ControlRequest request{{kind, id, "", std::move(from)}, {}};
    auto answer = request.answer.get_future();
    other->inbox->control(std::move(request));
    auto effects = step(*other);
    EXPECT_EQ(answer.get().applied, store::Applied::Yes);
    return effects;
  };
  command(Do::Cancel, {});
  value = 2;
  const auto again = command(Do::Retry, "a");
  ASSERT_EQ(names(again.start), std::vector<std::string>{"a"});
  perform_all(*other, again.start);
  other->inbox->drain();
  step(*other);

  perform_all(busy.start);
  settle();
  EXPECT_TRUE(get(id).completed());
  EXPECT_EQ(get(id).context.at("b"), 2);
}

TEST(ContextCacheBound, IsKeptAndTheLeastRecentlyUsedGoes) {
  ContextCache cache(10'000);
  const auto context = [] { return LazyContext::of_input(R"({"x":")" + std::string(1'000, 'x') + "\"}"); };
  for (int i = 0; i < 100; ++i) {
    cache.put({i, -1}, context(), 1);
    EXPECT_LE(cache.bytes(), 10'000U);
    if (i > 0) {
      EXPECT_NE(cache.take({i - 1, -1}), nullptr);
      cache.put({i - 1, -1}, context(), 1);
    }
  }
  EXPECT_EQ(cache.take({0, -1}), nullptr);
  EXPECT_NE(cache.take({99, -1}), nullptr);
}

TEST(ContextCacheBound, OneContextAboveItIsNotKept) {
  ContextCache cache(1'000);
  cache.put({1, -1}, LazyContext::of_input(std::string(2'000, ' ') + "{}"), 5);
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(cache.take({1, -1}), nullptr);
}

TEST(ContextCacheBound, UsesAndTheEndOfAnExecutionFreeIt) {
  ContextCache cache(100'000);
  cache.put({1, -1}, LazyContext::of_input("{}"), 2);
  cache.put({1, 3}, LazyContext::of_input("{}"), 1);
  cache.put({2, -1}, LazyContext::of_input("{}"), 1);
  EXPECT_NE(cache.take({1, -1}), nullptr);
  EXPECT_NE(cache.take({1, -1}), nullptr);
  EXPECT_EQ(cache.take({1, -1}), nullptr);
  cache.drop(1);
  EXPECT_EQ(cache.take({1, 3}), nullptr);
  EXPECT_NE(cache.take({2, -1}), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace cloacina::engine::test
