#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "store/advance.hpp"
#include "store/sql/definitions.hpp"
#include "store/sql/liveness.hpp"

namespace cloacina::store::sql {

/// Applies one batch inside a transaction that the caller holds. Tasks that become ready are kept at hand until the claim, so that
/// those which are claimed at once are written once.
///
/// Where several connections write at the same time, no two of them wait for each other in a circle, because all take locks in one
/// order: executions by their keys, all at once at the start; keys of submissions, sorted; rows of tasks, which belong to their
/// execution; gates, sorted; a workflow's current version. What comes after that (waking, claiming) skips what is locked.
class Turn final : private AdvancePort {
 public:
  /// `shift`: how far the clock that decides is ahead of the caller's, as far as that is known: what happened is recorded by it.
  Turn(Session& session, Definitions& definitions, Liveness& liveness, const Batch& batch, std::chrono::microseconds shift = {})
      : session_(session), definitions_(definitions), liveness_(liveness), batch_(batch), shift_(shift) {}

  /// *Requires* that nothing was done in the transaction. `clock` gives the time of the turn by the clock that decides; it is asked
  /// once, when other things can be waited for as well.
  void run(const std::function<Timestamp()>& clock);
  /// What `run` has done, and what comes next. Where statements are sent ahead it may be asked for after the commit.
  BatchResult result();
  /// The same when the answers of the end are lost with the connection: that has to be asked again at once.
  BatchResult result_without_answers();
  /// Instead of `run`: gives the executions that wait for this definition's workflow their tasks.
  void run_adoption(Timestamp now, DefinitionKey definition);

 private:
  /// A task that may run, not yet written as such.
  struct Candidate {
    std::int64_t rank;
    Timestamp due_at;
    TaskKey task;
    Touched* execution;
    bool has_row;  ///< it may have a row already
  };
  /// The execution of a slot, not yet inserted.
  struct Fired {
    NewExecution execution;
    std::shared_ptr<const Definition> definition;
    std::int64_t workflow;
    std::optional<std::size_t> answer;  ///< index of the batch's firing
  };
  /// What others may hold meanwhile.
  enum class Locked { Wait, Skip };
  /// Claims that were sent and whose answers are read later. The indices are those of the result's claims.
  struct Claiming {
    Use queued;
    Use renewed;
    Use peek;
    std::vector<std::size_t> of_queued;
    std::vector<std::size_t> of_renewed;
    std::vector<std::size_t> of_peek;
    std::set<ExecutionKey> begun;
  };
  /// What was asked before claims are chosen.
  struct Asked {
    Use may;
    std::optional<Use> chances;
    std::optional<Use> queue;  ///< none: there is no queue to look at
  };
  /// What was asked of the time to come.
  struct Ahead {
    std::optional<Use> wake_at;
    std::optional<Use> deadline;
    std::optional<Use> slot;
    std::optional<Use> death;
  };
  /// What was sent of submissions.
  struct Submitting {
    std::shared_ptr<const Definition> definition;
    Timestamp due_at;
  };

  // turn.cpp
  [[nodiscard]] std::vector<ExecutionKey> to_lock();
  /// Loads and locks those that are not yet; what is not there, or skipped, is left out.
  void load(std::vector<ExecutionKey> keys, Locked others, const std::function<void()>& meanwhile = {});
  /// Nothing when it is not there, or not locked by us.
  [[nodiscard]] Touched* touched(ExecutionKey key);
  Touched& touch(ExecutionKey key);
  void settle();  ///< what follows from ended tasks; ready ones become candidates or held
  void flush_candidates();
  void save();
  void look_ahead();
  void event(const Touched& e, std::optional<Position> task, std::string_view kind, std::string_view detail,
             std::string_view actor = {});
  /// A time of the caller's clock by the clock of the turn.
  [[nodiscard]] Timestamp shifted(Timestamp callers) const { return callers + shift_; }

  // outcomes.cpp
  void send_completions();
  void apply_outcomes();
  void complete(std::vector<Applied>& applied);
  void apply_others(std::vector<Applied>& applied);
  void requeue(const AttemptOutcome& outcome, const Touched& e, std::int64_t crashes, Use& requeues);
  void start_late();
  /// Whether one crash more is the end of a task that crashed so often.
  [[nodiscard]] static bool is_last_chance(const Touched& e, Position task, std::int64_t crashes);
  void keep_attempt(const AttemptOutcome& outcome, AttemptStatus status);
  void keep_output(const AttemptOutcome& outcome);

  // submissions.cpp
  void send_submissions();
  void submit_all();

  // firings.cpp
  void apply_schedules();
  void settle_slots(const ScheduleTurn& turn, const std::vector<bool>& fresh);
  void fire_extra(std::size_t index);
  /// Puts it into the ledger; false when the slot has fired before.
  [[nodiscard]] bool record(const ExtraFiring& firing);
  void fire(const std::string& workflow, NewExecution execution, std::optional<std::size_t> answer);
  /// Inserts the executions of slots that have fired: many at once, and no later than somebody counts them.
  void insert_fired();
  void keep_skip(ScheduleKey schedule, const SlotSkip& run);
  [[nodiscard]] bool has_fired(ScheduleKey schedule, Timestamp slot);
  void replace_open(ScheduleKey schedule, Timestamp slot);
  [[nodiscard]] DefinitionKey current_definition(const std::string& workflow);

  // gates.cpp
  /// Keeps others from letting executions of these gates begin, or of counting them.
  void lock_gates();
  [[nodiscard]] bool gate_has_open(std::int64_t gate);
  /// For an execution of it that has not begun, or for one to come. One before it whose workflow nobody knows yet keeps its place.
  [[nodiscard]] bool gate_is_full(std::int64_t gate, int gate_max, ExecutionKey before = std::numeric_limits<ExecutionKey>::max());
  /// Lets executions begin whose gates have room since others ended; false when there were none.
  bool open_gates();
  void begin(Touched& e, Waiting waiting);
  void adopt(DefinitionKey definition);

  // controls.cpp, retry.cpp
  void apply_controls();
  ControlResult control(const Control& control);
  ControlResult cancel(Touched& e, const Control& c);
  ControlResult pause(Touched& e, const Control& c);
  ControlResult resume(Touched& e, const Control& c);
  ControlResult retry(Touched& e, const Control& control);
  void stop_tasks(Touched& e);

  // recovery.cpp
  void renew();
  void release_dead();
  void release(RunnerKey runner);
  void wake();
  void expire();
  [[nodiscard]] Use ask_check();
  void check(Use& asked);

  // claim.cpp
  /// Whether nothing in this batch but the claim itself puts tasks into the queue or changes a runner.
  [[nodiscard]] bool may_ask_ahead() const;
  void ask_for_claims();
  void claim();
  [[nodiscard]] std::optional<Candidate> last_chance(std::optional<Use>& chances);
  /// Nothing when there is no queue to look at.
  [[nodiscard]] std::optional<Use> ask_queue(int limit);
  [[nodiscard]] std::vector<Candidate> queue_head(std::optional<Use> queue, int limit);
  void take(std::vector<std::pair<Candidate, bool>> chosen);
  void finish_claims();
  void queue(std::span<const Candidate> candidates, State state);
  [[nodiscard]] bool knows(DefinitionKey definition);

  std::vector<Counted> add_counts(std::span<const Delta> deltas) override;
  void skip(std::span<const Skip> skips) override;
  TaskStatus task_status(const Touched& execution, Position task) override;
  ContextValues context(const Touched& execution, std::span<const Position> heads) override;
  Outcome outcome(const Touched& execution) override;

  Session& session_;
  Definitions& definitions_;
  Liveness& liveness_;
  const Batch& batch_;
  Timestamp now_{};
  std::chrono::microseconds shift_{0};
  BatchResult result_;
  std::unordered_map<ExecutionKey, Touched> touched_;
  std::optional<Use> completions_;      // sent
  std::vector<std::size_t> completed_;  // which outcomes they are
  std::optional<Use> submissions_;      // sent
  std::vector<Submitting> submitting_;
  std::optional<Asked> asked_;
  std::optional<Claiming> claiming_;
  Ahead ahead_;
  std::vector<std::optional<ExecutionKey>> control_keys_;  // of the batch's controls
  std::vector<Candidate> candidates_;
  std::vector<Fired> fired_;
  std::map<std::string, std::pair<std::int64_t, DefinitionKey>> current_;  // workflows and their versions, locked
  std::set<std::int64_t> gates_;                                           // of executions that ended
  std::set<std::int64_t> locked_gates_;                                    // by this transaction
  Advance advance_{*this};
};

/// `input` over the workflow's own.
[[nodiscard]] std::string with_defaults(const Definition& definition, const std::string& input);
/// A control that the status of its execution does not allow.
[[nodiscard]] ControlResult refused(const Touched& e, const std::string& text);

}  // namespace cloacina::store::sql
