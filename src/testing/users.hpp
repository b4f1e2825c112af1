#pragma once

#include <map>
#include <set>

#include "runner/readers.hpp"
#include "testing/virtual_runner.hpp"

namespace cloacina::simulation {

/// What users see of the world.
class Outside {
 public:
  virtual ~Outside() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual store::Store& client() = 0;
  [[nodiscard]] virtual runner::Readers& readers() = 0;
  [[nodiscard]] virtual View& view() = 0;
  /// One that takes messages; null when there is none.
  [[nodiscard]] virtual VirtualRunner* some_runner(Dice& dice) = 0;
  /// A commit of a client without a loop.
  virtual store::BatchResult commit(const store::Batch& batch) = 0;
  /// A client has written by itself.
  virtual void wrote() = 0;
  /// Definitions that are stored, with the names of their workflows.
  [[nodiscard]] virtual std::vector<std::pair<store::DefinitionKey, std::string>> definitions() const = 0;
};

/// Users who submit executions, and cancel, pause, resume and retry them, by a runner or without one.
class Users {
 public:
  Users(Surroundings& world, Outside& outside) : world_(world), outside_(outside) {}

  void act(Dice& dice);
  /// A commit has stored a submission, or found it there, whoever hears of it.
  void committed(const store::NewExecution& asked, const store::SubmitResult& result);
  /// Resumes what is paused.
  void resume_all();
  /// Whether all that was acknowledged is stored.
  void check();
  [[nodiscard]] std::string name_of(const ExecutionId& id) const;
  [[nodiscard]] std::size_t submitted() const { return names_.size(); }
  /// Whether it was deleted because it had ended long ago.
  [[nodiscard]] bool was_pruned(const ExecutionId& id) const { return pruned_.contains(id); }

 private:
  void submit(Dice& dice);
  void control(Dice& dice);
  void prune(Dice& dice);
  void answered(const store::SubmitResult& result);
  [[nodiscard]] bool is_stored(const ExecutionId& id);
  [[nodiscard]] std::optional<ExecutionId> some_execution(Dice& dice);
  [[nodiscard]] ExecutionId new_id();

  Surroundings& world_;
  Outside& outside_;
  std::vector<store::NewExecution> orders_;
  std::map<ExecutionId, std::string> names_;
  std::set<ExecutionId> stored_;               // as commits have said
  std::map<std::string, ExecutionId> by_key_;  // of these
  std::set<ExecutionId> acknowledged_;         // somebody was told of them
  std::set<ExecutionId> pruned_;
  std::uint64_t ids_ = 0;
  int keys_ = 0;
};

}  // namespace cloacina::simulation
