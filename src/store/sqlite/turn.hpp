#pragma once

#include <algorithm>
#include <set>
#include <unordered_map>

#include "store/advance.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/definitions.hpp"
#include "store/sqlite/liveness.hpp"

namespace cloacina::store::sqlite {

/// Where the row of a task lies.
[[nodiscard]] constexpr std::int64_t row_of(TaskKey task) { return (task.execution << 16) | task.position; }
[[nodiscard]] constexpr TaskKey task_of(std::int64_t row) { return {row >> 16, static_cast<Position>(row & 0xffff)}; }

[[nodiscard]] inline ExecutionId id_of(std::string_view bytes) {
  std::array<std::uint8_t, 16> id{};
  std::copy_n(bytes.begin(), std::min<std::size_t>(bytes.size(), 16), id.begin());
  return ExecutionId{id};
}

/// Applies one batch inside a transaction that the caller holds. Tasks that become ready are kept at hand until the claim, so that
/// those which are claimed at once are written once.
class Turn final : private AdvancePort {
 public:
  Turn(Connection& connection, Definitions& definitions, Liveness& liveness, const Batch& batch)
      : connection_(connection), definitions_(definitions), liveness_(liveness), batch_(batch) {}

  BatchResult run();
  /// Instead of `run`: gives the executions that wait for this definition's workflow their tasks.
  void run_adoption(DefinitionKey definition);

 private:
  /// A task that may run, not yet written as such.
  struct Candidate {
    std::int64_t rank;
    Timestamp due_at;
    TaskKey task;
    Touched* execution;
    bool has_row;  ///< it may have a row already
  };

  Touched& touch(ExecutionKey key);
  void settle();  ///< what follows from ended tasks; ready ones become candidates or held
  void flush_candidates();
  void save();
  void event(const Touched& e, std::optional<Position> task, std::string_view kind, std::string_view detail);

  // turn.cpp
  Applied apply(const AttemptOutcome& outcome);
  void requeue(const AttemptOutcome& outcome, const Touched& e, std::int64_t crashes);
  /// Whether one crash more is the end of a task that crashed so often.
  [[nodiscard]] static bool is_last_chance(const Touched& e, Position task, std::int64_t crashes);
  void end(const AttemptOutcome& outcome, State state, AttemptStatus status);
  void keep_attempt(const AttemptOutcome& outcome, AttemptStatus status);
  void keep_output(const AttemptOutcome& outcome);
  SubmitResult submit(const NewExecution& submission);
  // firings.cpp
  Applied turn_schedule(const ScheduleTurn& turn);
  SubmitResult fire_extra(const ExtraFiring& firing);
  SubmitResult fire(const ExtraFiring& firing, NewExecution execution, bool replaces);
  ExecutionKey insert(const NewExecution& execution, const std::shared_ptr<const Definition>& definition);
  void keep_skip(ScheduleKey schedule, const SlotSkip& run);
  [[nodiscard]] bool has_fired(ScheduleKey schedule, Timestamp slot);
  void replace_open(ScheduleKey schedule, Timestamp slot);
  [[nodiscard]] bool gate_has_open(std::int64_t gate);
  [[nodiscard]] bool gate_is_full(std::int64_t gate, int gate_max);
  /// Lets executions begin whose gates have room since others ended; false when there were none.
  bool open_gates();
  void begin(Touched& e, Waiting waiting);
  [[nodiscard]] std::int64_t workflow_key(const std::string& name);
  [[nodiscard]] DefinitionKey current_definition(const std::string& workflow);
  void adopt(DefinitionKey definition);
  // controls.cpp
  ControlResult control(const Control& control);
  ControlResult cancel(Touched& e, const std::string& reason);
  ControlResult pause(Touched& e, const std::string& reason);
  ControlResult resume(Touched& e);
  ControlResult retry(Touched& e, const Control& control);
  void stop_tasks(Touched& e);
  // recovery.cpp
  void release_dead();
  void release(RunnerKey runner);
  void wake();
  void expire();
  void check();
  // claim.cpp
  void claim();
  void claim_last_chance();
  [[nodiscard]] std::vector<Candidate> queue_head(int limit);
  void take(const Candidate& candidate, bool queued);
  void queue(const Candidate& candidate, State state, std::optional<Timestamp> wake_at);
  [[nodiscard]] bool knows(DefinitionKey definition);

  std::vector<Counted> add_counts(std::span<const Delta> deltas) override;
  void skip(std::span<const Skip> skips) override;
  TaskStatus task_status(const Touched& execution, Position task) override;
  ContextValues context(const Touched& execution, std::span<const Position> heads) override;
  Outcome outcome(const Touched& execution) override;

  Connection& connection_;
  Definitions& definitions_;
  Liveness& liveness_;
  const Batch& batch_;
  BatchResult result_;
  std::unordered_map<ExecutionKey, Touched> touched_;
  std::vector<Candidate> candidates_;
  std::set<std::int64_t> gates_;  // of executions that ended
  Advance advance_{*this};
};

}  // namespace cloacina::store::sqlite
