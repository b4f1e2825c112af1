#include "store/sql/store.hpp"

#include "store/postgres/database.hpp"
#include "store/postgres/liveness.hpp"
#include "store/postgres/lost_commit.hpp"

namespace cloacina::store::postgres {

namespace {

using Clock = std::chrono::steady_clock;

/// How often a transaction is run again that met another one.
constexpr int attempts_max = 8;
/// Others are told of commits no more often than this.
constexpr std::chrono::milliseconds announce_gap{5};
/// How often ready tasks are looked at that no hint told of.
constexpr std::chrono::seconds unheard_gap{30};
constexpr std::chrono::seconds unheard_gap_pooled{1};

/// A connection and what is known of runners: they have to be there before the store that works with them.
struct Parts {
  explicit Parts(const Target& target) : session(target) {}

  PgSession session;
  LeaseLiveness runners;
};

class PgStore final : private Parts, public sql::SqlStore {
 public:
  PgStore(const Target& target, sql::Definitions& definitions)
      : Parts(target), SqlStore(session, definitions, runners), options_(target.options) {
    look();
    changed_ = false;
  }
  PgStore(const PgStore&) = delete;
  PgStore& operator=(const PgStore&) = delete;
  ~PgStore() override {
    // What they hold runs elsewhere at once.
    try {
      for (const auto runner : runners.own) session.use("end_lease").bind(runner).run();
      if (owed_ || !runners.own.empty()) announce(true);
      session.collect();
    } catch (const std::exception&) {
      // Their leases will end.
    }
  }

  BatchResult commit(const Batch& batch) override {
    Batch rest;
    const Batch* todo = &batch;
    std::optional<LostCommit::Answers> answers;
    if (lost_.pending()) {
      answers = lost_.settle(session, batch);
      if (answers) {
        rest = answers->rest;
        todo = &rest;
      }
    }
    BatchResult result;
    if (!answers && only_renews(batch)) {
      repeat([&] { result = renew_alone(batch); });
      return result;
    }
    repeat([&] { result = turn(*todo); });
    if (answers) answers->merge_into(result);
    if (result.left_ready || !result.finished.empty() || !result.lost.empty() || !batch.controls.empty() || result.released > 0) {
      // A lane comes again, and tells of several commits at once.
      announce(batch.runner == 0 || options_.callers_clock);
    }
    return result;
  }

  RunnerKey open_runner(const RunnerRecord& r) override {
    RunnerKey key = 0;
    transact([&] {
      const Timestamp now = clock(r.started_at);
      auto use = session.use("insert_runner");
      use.bind(r.id, r.name, r.host, r.pid, r.workers, r.any_commands, now, now + options_.lease).step();
      key = use.integer(0);
      return true;
    });
    runners.own.insert(key);
    runners.known = false;
    // Whoever waits for an answer, and once more for a connection, still has time to stop what runs before the lease ends.
    session.set_patience(std::max<std::chrono::milliseconds>(options_.lease / 5, std::chrono::seconds{1}));
    return key;
  }

  void close_runner(RunnerKey runner, Timestamp now) override {
    transact([&] {
      session.use("close_runner").bind(runner, clock(now), 0).run();
      return true;
    });
    runners.own.erase(runner);
    runners.known = false;
  }

  [[nodiscard]] std::optional<std::chrono::milliseconds> lease() const override { return options_.lease; }

  bool somebody_died() override {
    look();
    return runners.died;
  }
  void tell_others() override {
    if (owed_) announce(true);
  }
  [[nodiscard]] std::int64_t writer() const override { return session.backend(); }
  bool has_company() override {
    if (!runners.known) look();
    return runners.company;
  }

  bool changed_by_others() override {
    look();
    return std::exchange(changed_, false);
  }

 private:
  BatchResult renew_alone(const Batch& batch) {
    take_announced();
    auto use = session.use("renew_alone");
    use.bind(batch.runner, batch.renew->count(), options_.callers_clock ? std::optional(batch.now) : std::nullopt);
    BatchResult result;
    try {
      if (!use.step()) throw Error(ErrorCode::Internal, "the server does not tell the time");
    } catch (const PgError& e) {
      // It may have been done: the next one would find a lease that holds, and not say that it had run out.
      lease_in_doubt_ = lease_in_doubt_ || e.lost();
      throw;
    }
    result.now = latest_ = use.time(0);
    result.lease_lost = use.integer(1) != 0 || std::exchange(lease_in_doubt_, false);
    result.next_death = use.optional_time(2);
    see(use.integer(3));
    result.changed_by_others = std::exchange(changed_, false);
    return result;
  }

  BatchResult turn(const Batch& batch) {
    Transaction transaction(session);
    auto start = session.use("turn_start");
    start.send();
    std::string number;
    sql::Turn turn(session, definitions_, runners, batch, shift_of(batch.now));
    turn.run([&] {
      take_announced();
      if (!start.step()) throw Error(ErrorCode::Internal, "the server does not tell the time");
      number = start.text(1);
      see(start.integer(2));
      latest_ = options_.callers_clock ? batch.now : start.time(0);
      clocks(latest_, batch.now);
      return latest_;
    });
    try {
      transaction.commit();
    } catch (const PgError& e) {
      if (!e.lost()) throw;
      // Was it committed? The server knows, as soon as it can be asked.
      auto result = turn.result_without_answers();
      result.changed_by_others = true;
      lost_.remember(std::move(number), batch, result);
      if (!lost_.find_out(session)) throw;
      if (!lost_.forget()) throw again();
      return result;
    }
    // They came with the answer to the commit.
    auto result = turn.result();
    result.changed_by_others = std::exchange(changed_, false);
    return result;
  }

  /// How far the server's clock is ahead of the caller's: as it was, unless the caller's has jumped since.
  [[nodiscard]] std::chrono::microseconds shift_of(Timestamp now) const {
    if (options_.callers_clock) return {};
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - shift_seen_);
    return shift_ - ((now - shift_seen_at_) - passed);
  }

  void clocks(Timestamp server, Timestamp caller) {
    shift_ = server - caller;
    shift_seen_ = Clock::now();
    shift_seen_at_ = caller;
  }

  [[nodiscard]] static PgError again() { return {ErrorCode::Unavailable, "the transaction was not committed", "40001"}; }

  /// Runs what is one transaction, again when it met another one, and once more when the connection had been lost before.
  void repeat(const std::function<void()>& transaction) {
    bool fresh = !session.connected();
    for (int attempt = 1;; ++attempt) {
      try {
        transaction();
        return;
      } catch (const PgError& e) {
        announced_.reset();
        changed_ = true;
        runners.known = false;
        if (e.lost() && !fresh && !lost_.pending()) {
          fresh = in_doubt_ = true;
          continue;
        }
        if (!e.again() || attempt == attempts_max) throw;
      }
    }
  }

  bool transact(const std::function<bool()>& work) override {
    bool done = false;
    in_doubt_ = false;
    repeat([&] {
      Transaction transaction(session);
      done = work();
      if (done) transaction.commit();
    });
    if (done) announce(true);
    return done;
  }

  [[nodiscard]] bool in_doubt() const override { return in_doubt_; }

  Timestamp clock(Timestamp now) override {
    if (options_.callers_clock) return now;
    auto use = session.use("clock");
    return use.step() ? use.time(0) : now;
  }

  // ---- what others are told, and what they tell

  void announce(bool at_once) {
    owed_ = true;
    if (!at_once && Clock::now() - announced_at_ < announce_gap) return;
    try {
      take_announced();
      announced_.emplace(session.use("announce"));
      announced_->send();
      session.push();
      owed_ = false;
      announced_at_ = Clock::now();
      // A test looks at once, from elsewhere.
      if (options_.callers_clock) take_announced();
    } catch (const PgError&) {
      // What was committed is committed; others hear of it with the next word, or look by themselves.
      announced_.reset();
      changed_ = true;
    }
  }

  void take_announced() {
    if (!announced_) return;
    auto use = std::move(*announced_);
    announced_.reset();
    if (!use.step()) return;
    const auto number = use.integer(0);
    if (number != seen_ + 1) changed_ = true;
    seen_ = number;
  }

  void see(std::int64_t number) {
    if (number != seen_) {
      changed_ = true;
      runners.known = false;
    }
    seen_ = number;
  }

  void look() {
    try {
      take_announced();
      // The list of own runners is short: most often there is one.
      auto use = session.use("look");
      const RunnerKey own = runners.own.empty() ? 0 : *runners.own.begin();
      use.bind(own, options_.callers_clock ? std::optional(latest_) : std::nullopt);
      if (!use.step()) return;
      // It may be work that nobody here can do: not to be looked at again and again.
      const auto gap = session.pooled() ? unheard_gap_pooled : unheard_gap;
      if (use.integer(3) != 0 && Clock::now() - unheard_at_ >= gap) {
        unheard_at_ = Clock::now();
        changed_ = true;
      }
      see(use.integer(0));
      clocks(use.time(4), std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
      runners.company = use.integer(1) != 0;
      runners.died = use.integer(2) != 0;
      runners.known = true;
    } catch (const PgError&) {
      announced_.reset();
      changed_ = true;
      throw;
    }
  }

  OpenOptions options_;
  LostCommit lost_;
  Timestamp latest_{};
  std::chrono::microseconds shift_{0};  // how far the server's clock was ahead of the caller's,
  Clock::time_point shift_seen_{};      // when this was seen,
  Timestamp shift_seen_at_{};           // and by the caller's clock
  std::int64_t seen_ = 0;
  bool changed_ = false;
  bool owed_ = false;
  bool lease_in_doubt_ = false;
  bool in_doubt_ = false;  // the transaction that is run again may have been committed
  Clock::time_point unheard_at_ = Clock::now();
  Clock::time_point announced_at_{};
  std::optional<sql::Use> announced_;
};

}  // namespace

std::unique_ptr<Store> make_store(const Target& target, sql::Definitions& definitions) {
  return std::make_unique<PgStore>(target, definitions);
}

}  // namespace cloacina::store::postgres
