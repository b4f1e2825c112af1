// Random schedules that are edited, paused, backfilled and run by hand, on a clock that jumps, by one to four engines that die and
// come back: what the ledger must hold at the end is computed from the rules alone.
#include <random>

#include "cron/schedule_json.hpp"
#include "schedule_help.hpp"

namespace cloacina::engine::test {

namespace {

constexpr std::chrono::microseconds tick{1};
using std::chrono::seconds;

std::uint64_t first_seed() {
  const char* text = std::getenv("CLOACINA_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}
bool soak() {
  const char* text = std::getenv("CLOACINA_SOAK");
  return text != nullptr && std::string(text) == "1";
}

/// A definition, and the instants (after, through] whose slots are its own.
struct Reign {
  Schedule definition;
  Timestamp created;
  Timestamp after;
  Timestamp through = Timestamp::max();

  [[nodiscard]] std::vector<Timestamp> slots(Timestamp until) const {
    std::vector<Timestamp> out;
    const auto rule = rule_of(definition, created);
    for (auto slot = rule.next(after); slot && *slot <= std::min(through, until); slot = rule.next(*slot)) {
      if (definition.start_at && *slot < *definition.start_at) continue;
      if (definition.end_at && *slot >= *definition.end_at) break;
      out.push_back(*slot);
    }
    return out;
  }
};

/// What a schedule went through.
struct Past {
  std::vector<Reign> reigns;
  std::vector<std::pair<Timestamp, Timestamp>> pauses;  // [first, second)
  std::optional<Timestamp> paused_since;
  std::set<Timestamp> backfilled;
  std::set<ExecutionId> others;  // executions of backfills and run_now
  int run_now = 0;
  std::set<ExecutionId> begun;  // of slots, and not known to have ended
  std::optional<Timestamp> last_begun;

  [[nodiscard]] bool in_pause(Timestamp slot) const {
    return std::any_of(pauses.begin(), pauses.end(), [&](const auto& p) { return slot >= p.first && slot < p.second; });
  }
};

class Life : public ScheduleTest {
 public:
  Life(const std::string& backend, std::uint64_t seed) : ScheduleTest(backend), random_(seed) {}

  void TestBody() override {}

  void run() {
    static const char* const beginnings[] = {"2026-03-28T20:00:30Z", "2026-10-24T20:00:30Z", "2026-10-03T10:00:30Z",
                                             "2026-06-01T00:00:00Z"};
    now.utc = parse_timestamp(beginnings[below(4)]);
    last_call_ = now.utc - 1s;
    options.workers = 1 + below(20);
    add(single("one", [](TaskContext&) {}, {.max_attempts = 2, .initial_delay = 5s}));
    const int count = 1 + below(3);
    for (int i = 0; i < count; ++i) {
      concurrency_.push_back(static_cast<Concurrency>(below(4)));
      put(i);
    }
    fleet_.resize(static_cast<std::size_t>(1 + below(4)));
    for (auto& one : fleet_) renew(one);
    const int length = 40 + below(80);
    for (int turn = 0; turn < length; ++turn) {
      live();
      if (::testing::Test::HasFatalFailure()) return;
    }
    finish();
    for (const auto& [name, past] : pasts_) {
      SCOPED_TRACE(name + " " + Json(past.reigns.back().definition).dump());
      check(name, past);
      if (::testing::Test::HasFatalFailure()) return;
    }
    expect_sound();
  }

 private:
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(random_); }
  bool chance(int percent) { return below(100) < percent; }
  static std::string name_of(int i) { return "s" + std::to_string(i); }

  // ---- what its owners do

  Schedule define(int i) {
    static const char* const texts[] = {"*/10 * * * *",   "20 */2 * * * *", "0,30 * * * *", "30 0,1,2,3 * * *",  "* * * * *",
                                        "*/20 1-3 * * *", "0 0 * * *",      "5/13 * * * *", "15,45 0 2,3 * * *", "@every 95s"};
    static const char* const zones[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe"};
    Schedule s = minutely(concurrency_[static_cast<std::size_t>(i)], name_of(i), chance(85) ? "one" : "later");
    s.dialect = Dialect::Extended;
    s.cron = texts[below(10)];
    s.time_zone = zones[below(3)];
    s.gap = static_cast<GapPolicy>(below(3));
    s.overlap = static_cast<OverlapPolicy>(below(4));
    s.catchup = static_cast<Catchup>(below(3));
    s.max_lateness = seconds{below(600)};
    if (chance(40)) s.catchup_window = seconds{60 + below(40'000)};
    if (chance(30)) s.jitter = seconds{1 + below(chance(20) ? 3'000 : 100)};
    if (chance(20)) s.start_at = std::chrono::floor<seconds>(now.utc) + seconds{below(20'000) - 3'000};
    if (chance(15)) s.end_at = std::chrono::floor<seconds>(now.utc) + seconds{60 + below(100'000)};
    if (s.start_at && s.end_at && *s.end_at <= *s.start_at) s.end_at.reset();
    s.paused = chance(10);
    s.priority = below(3);
    s.input = {{"n", below(5)}};
    return s;
  }

  /// How far the schedule has got.
  cron::StoredCursor cursor(const std::string& name) { return cron::cursor_from_text(client().find_schedule(name).value().cursor); }

  void begin_pause(Past& past, Timestamp settled) {
    if (!past.paused_since) past.paused_since = std::max(now.utc, settled + tick);
  }
  void end_pause(Past& past, Timestamp settled) {
    if (past.paused_since) past.pauses.emplace_back(*past.paused_since, std::max(now.utc, settled + tick));
    past.paused_since.reset();
  }

  void put(int i) {
    const auto s = define(i);
    const auto known = pasts_.find(s.name);
    if (known == pasts_.end()) {
      try {
        if (schedules().put(s) != Schedules::Put::Created) throw Error(ErrorCode::Internal, "not created");
      } catch (const Error& e) {
        ASSERT_EQ(e.code(), ErrorCode::InvalidArgument) << e.what();  // no slot before its end
        return;
      }
      const auto after = s.start_at ? std::min(now.utc, *s.start_at - tick) : now.utc;
      Past past;
      past.reigns.push_back({s, now.utc, after});
      if (s.paused) past.paused_since = after;
      pasts_.emplace(s.name, std::move(past));
      return;
    }
    auto& past = known->second;
    const auto before = cursor(s.name);
    const auto from = before.owed.empty() ? before.settled : before.owed.back().until;
    Schedules::Put done{};
    try {
      done = schedules().put(s);
    } catch (const Error& e) {
      ASSERT_EQ(e.code(), ErrorCode::InvalidArgument) << e.what();
      return;
    }
    if (done == Schedules::Put::Unchanged) return;
    const auto edit = std::max(now.utc, from);
    const bool was_paused = past.reigns.back().definition.paused;
    past.reigns.back().through = edit;
    past.reigns.push_back({s, past.reigns.back().created, edit});
    if (s.paused && !was_paused) begin_pause(past, before.settled);
    if (!s.paused && was_paused) end_pause(past, before.settled);
  }

  void backfill(const std::string& name, Past& past) {
    const auto from = now.utc - seconds{below(20'000)};
    const auto to = std::min(now.utc, from + seconds{1 + below(4'000)});
    int budget = 1 + below(60);
    const auto on_fired = [&](const Firing& f) {
      EXPECT_TRUE(past.backfilled.insert(f.slot).second);
      past.others.insert(f.execution.value());
      return --budget > 0;
    };
    if (to > from) schedules().backfill(name, from, to, {.concurrency = 1 + below(3), .on_fired = on_fired});
  }

  void call() {
    // The owners' clock does not go back; the engines' does.
    if (now.utc <= last_call_) return;
    last_call_ = now.utc;
    const int i = below(static_cast<int>(concurrency_.size()));
    const auto name = name_of(i);
    const auto known = pasts_.find(name);
    if (known == pasts_.end()) return put(i);
    auto& past = known->second;
    switch (below(7)) {
      case 0:
        begin_pause(past, cursor(name).settled);
        schedules().pause(name, "why not");
        break;
      case 1:
      case 2:
        end_pause(past, cursor(name).settled);
        schedules().resume(name);
        break;
      case 3:
        backfill(name, past);
        break;
      case 4:
        past.others.insert(schedules().run_now(name));
        ++past.run_now;
        break;
      default:
        put(i);
    }
  }

  // ---- what the engines go through

  void live() {
    const int dice = below(30);
    if (dice == 0) jump(chance(50) ? 3'600 : 86'400);
    if (dice == 1) jump(chance(50) ? -3'600 : -86'400);
    if (dice == 2) renew(fleet_[static_cast<std::size_t>(below(static_cast<int>(fleet_.size())))]);
    if (dice == 3) watch.failing_commits = 1 + below(2);
    if (dice == 4) {
      watch.lost_answers = 1;
      lost_ = true;
    }
    advance(std::chrono::microseconds{1 + below(1'000'000)} + seconds{chance(15) ? below(20'000) : below(400)});
    latest_ = std::max(latest_, now.utc);
    if (chance(30)) call();
    const int turns = below(4);
    for (int i = 0; i < turns && !::testing::Test::HasFatalFailure(); ++i) turn(false);
    if (lost_ && watch.lost_answers == 0 && chance(50)) {
      // What was claimed with a lost answer is nobody's until the process ends.
      lost_ = false;
      for (auto& one : fleet_) renew(one);
    }
  }

  /// The process dies with what it runs, and another one starts.
  void renew(std::unique_ptr<Process>& process) {
    std::erase_if(flying_, [&](const Flying& f) { return f.process == process.get(); });
    process.reset();
    process = another();
  }

  void jump(int by) {
    now.utc += seconds{by};
    latest_ = std::max(latest_, now.utc);
  }

  /// One of the engines has its turn, having looked at what others did, as its loop does. Whether it has more to do.
  bool turn(bool gently) {
    auto& process = *fleet_[static_cast<std::size_t>(below(static_cast<int>(fleet_.size())))];
    if (process.store->changed_by_others()) process.engine->hint();
    if (process.store->somebody_died()) process.engine->recover();
    const auto effects = step(process);
    for (const auto& item : effects.start) {
      look_at(item);
      flying_.push_back({item, &process});
    }
    run_callbacks();
    std::vector<Flying> stay;
    for (const auto& f : flying_) {
      const int dice = gently ? 9 : below(10);
      if (dice < 3) {
        stay.push_back(f);
      } else if (dice == 3) {
        fail(*f.process, f.item);
      } else if (dice == 4) {
        give_back(*f.process, f.item);
      } else {
        perform_all(*f.process, {f.item});
      }
    }
    flying_ = std::move(stay);
    return effects.again || effects.trouble || !effects.start.empty() || !process.inbox->empty();
  }

  /// An execution begins: those before it must have ended, unless its schedule allows more.
  void look_at(const std::shared_ptr<WorkItem>& item) {
    const auto& id = item->claimed.id;
    const auto e = get(id);
    auto& past = pasts_.at(e.schedule.value());
    if (past.others.contains(id)) return;
    const auto concurrency = past.reigns.back().definition.concurrency;
    if (concurrency == Concurrency::Allow) return;
    std::erase_if(past.begun, [&](const auto& other) { return is_terminal(get(other).status); });
    if (past.begun.contains(id)) return;
    ASSERT_TRUE(past.begun.empty()) << *e.schedule << " (" << to_string(concurrency) << ") begins " << format_timestamp(*e.slot)
                                    << " while another is open";
    past.begun.insert(id);
    const bool in_order = concurrency != Concurrency::Queue || !past.last_begun || *e.slot > *past.last_begun;
    ASSERT_TRUE(in_order) << *e.schedule << " begins " << format_timestamp(*e.slot) << " after a later one";
    past.last_begun = e.slot;
  }

  void finish() {
    watch.failing_commits = watch.lost_answers = 0;
    now.utc = std::max({now.utc, latest_, last_call_}) + 1s;
    add(single("later"));
    for (auto& one : fleet_) renew(one);
    for (auto& [name, past] : pasts_) {
      end_pause(past, cursor(name).settled);
      schedules().resume(name);
    }
    advance(2h);
    until_ = now.utc;
    run_rest();
    advance(2h);  // no jitter is that long, no attempt waits that long
    run_rest();
  }
  void run_rest() {
    std::size_t quiet = 0;
    for (int i = 0; i < 100'000; ++i) {
      quiet = turn(true) ? 0 : quiet + 1;
      // Each of them is likely to have been asked several times.
      if (quiet > 10 * fleet_.size()) return;
      for (const auto& one : fleet_) one->engine->hint();
    }
    FAIL() << "the engines never came to rest";
  }

  // ---- what must have come of it

  void check(const std::string& name, const Past& past) {
    const auto firings = history(name);
    std::map<Timestamp, std::vector<const Firing*>> by_slot;  // every slot that a firing is about
    std::map<Timestamp, const Reign*> slots;
    for (const auto& reign : past.reigns) {
      for (const auto slot : reign.slots(now.utc)) ASSERT_TRUE(slots.emplace(slot, &reign).second);
    }
    std::set<Timestamp> backfilled;
    int run_now = 0;
    std::int64_t fired = 0;
    for (const auto& f : firings) {
      if (f.outcome == Firing::Outcome::Fired) {
        ++fired;
        const auto e = get(f.execution.value());
        ASSERT_EQ(e.schedule, name);
        ASSERT_TRUE(is_terminal(e.status)) << format_timestamp(f.slot) << " is " << to_string(e.status);
        if (f.kind == Firing::Kind::RunNow) {
          ++run_now;
          continue;
        }
        ASSERT_EQ(e.slot, f.slot);
        if (f.kind == Firing::Kind::Backfill) {
          backfilled.insert(f.slot);
        } else {
          ASSERT_TRUE(slots.contains(f.slot)) << format_timestamp(f.slot) << " is no slot";
        }
        by_slot[f.slot].push_back(&f);
        continue;
      }
      std::int64_t count = 0;
      std::int64_t taken = 0;
      for (auto slot = slots.lower_bound(f.slot); slot != slots.end() && slot->first <= f.through; ++slot, ++count) {
        by_slot[slot->first].push_back(&f);
        taken += past.backfilled.contains(slot->first) ? 1 : 0;
      }
      ASSERT_TRUE(slots.contains(f.slot) && slots.contains(f.through));
      ASSERT_LE(f.count, count) << format_timestamp(f.slot) << " " << to_string(*f.reason);
      ASSERT_GE(f.count, count - taken) << format_timestamp(f.slot) << " " << to_string(*f.reason);
    }
    ASSERT_EQ(backfilled, past.backfilled);
    ASSERT_EQ(run_now, past.run_now);
    for (const auto& [slot, reign] : slots) {
      if (slot > until_) continue;  // its jitter may still hold it
      check_slot(slot, *reign, past, by_slot[slot]);
      if (::testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(count_executions(name), fired);
  }

  void check_slot(Timestamp slot, const Reign& reign, const Past& past, const std::vector<const Firing*>& records) {
    const auto what = format_timestamp(slot);
    int turns = 0;
    for (const auto* f : records) {
      if (f->kind == Firing::Kind::Backfill) continue;
      ++turns;
      const bool paused = f->outcome == Firing::Outcome::Skipped && f->reason == SkipReason::Paused;
      ASSERT_EQ(paused, past.in_pause(slot)) << what;
      if (f->outcome == Firing::Outcome::Fired || paused) continue;
      const auto catchup = reign.definition.catchup;
      switch (*f->reason) {
        case SkipReason::Missed:
          ASSERT_EQ(catchup, Catchup::None) << what;
          break;
        case SkipReason::Superseded:
          ASSERT_EQ(catchup, Catchup::Latest) << what;
          break;
        case SkipReason::CatchupWindow:
          ASSERT_NE(catchup, Catchup::None) << what;
          break;
        case SkipReason::Concurrency:
          ASSERT_EQ(reign.definition.concurrency, Concurrency::Skip) << what;
          break;
        case SkipReason::Edited:
          ASSERT_NE(&reign, &past.reigns.back()) << what;
          break;
        case SkipReason::Paused:
          break;
      }
    }
    ASSERT_LE(turns, 1) << what << " twice";
    ASSERT_TRUE(turns == 1 || past.backfilled.contains(slot)) << what << " is neither fired nor skipped";
  }

  std::int64_t count_executions(const std::string& name) {
    std::int64_t count = 0;
    for (const char* workflow : {"one", "later"}) {
      ListFilter filter{.workflow = workflow, .limit = 1'000};
      for (;;) {
        const auto page = reader().list(filter);
        for (const auto& e : page.executions) count += e.schedule == name ? 1 : 0;
        if (!page.next) break;
        filter.page = page.next;
      }
    }
    return count;
  }

  struct Flying {
    std::shared_ptr<WorkItem> item;
    Process* process;
  };

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Process>> fleet_;
  std::vector<Concurrency> concurrency_;
  std::map<std::string, Past> pasts_;
  std::vector<Flying> flying_;
  Timestamp last_call_;
  Timestamp latest_{};
  Timestamp until_{};
  bool lost_ = false;
};

}  // namespace

void live_all(const std::string& backend, std::uint64_t lives) {
  for (std::uint64_t i = 0; i < lives; ++i) {
    const std::uint64_t seed = first_seed() * 1'000'003 + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life(backend, seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(RandomSchedules, SettleEverySlotOnceWhateverHappens) { live_all("sqlite", soak() ? 300 : 12); }
TEST(RandomSchedules, SettleEverySlotOnceOnAServerToo) { live_all("postgres", soak() ? 100 : 4); }

}  // namespace cloacina::engine::test
