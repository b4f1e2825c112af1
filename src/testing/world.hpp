#pragma once

#include <map>

#include "runner/readers.hpp"
#include "testing/schedule_owners.hpp"
#include "testing/simulation.hpp"
#include "testing/users.hpp"
#include "testing/virtual_runner.hpp"

namespace cloacina::simulation {

/// Everything there is in a simulation, and the scheduler that says what happens next.
class World final : public Surroundings, public Outside {
 public:
  /// With `tells`, what happens is kept as a story.
  World(const std::vector<Workflow>& workflows, std::uint64_t seed, const Options& options, bool tells);
  ~World() override;

  /// One event, whose chances follow from `choice`.
  void act(std::uint64_t choice);
  /// Faults end; what is under way has to end too. Then all is checked.
  void calm_down();
  [[nodiscard]] const std::optional<Trouble>& trouble() const { return invariants_->trouble(); }
  void fill(Report& report) const;

  // what runners need
  Steady steady() const override { return steady_; }
  Timestamp utc(int runner) const override;
  const Features& features() const override { return features_; }
  Invariants& invariants() override { return *invariants_; }
  bool tells() const override { return tells_; }
  void tell(std::string line) override;
  std::string name_of(const ExecutionId& id) const override;
  bool runs_code() const override { return options_.run_code; }
  void before_commit(int runner) override;
  void refuse_next_commit(bool refuse) override {
    if (database_.refuse_next_commit) database_.refuse_next_commit(refuse);
  }
  void committed(int runner, const store::Batch& batch, const store::BatchResult& result) override;

  // what users need
  Timestamp now() const override { return utc_; }
  store::Store& client() override { return *client_; }
  runner::Readers& readers() override { return *readers_; }
  View& view() override { return *database_.view; }
  VirtualRunner* some_runner(Dice& dice) override;
  store::BatchResult commit(const store::Batch& batch) override;
  void wrote() override;
  std::vector<std::pair<store::DefinitionKey, std::string>> definitions() const override;

 private:
  /// A workflow as it can be deployed.
  struct Deployed {
    Workflow workflow;
    store::DefinitionKey key = 0;  ///< 0: not yet
  };

  void boot(Dice& dice, bool knows_all);
  void bury(std::map<int, std::unique_ptr<VirtualRunner>>::iterator runner, VirtualRunner::End how);
  void after(std::map<int, std::unique_ptr<VirtualRunner>>::iterator runner, VirtualRunner::End end);
  [[nodiscard]] Faults draw_faults(Dice& dice) const;
  bool go_on(Dice& dice, bool with_faults, int but = 0);
  bool work(Dice& dice);
  void pass_time(Dice& dice, bool precisely);
  void do_harm(Dice& dice);
  void use(Dice& dice);
  /// Lives on without faults until nothing happens any more at this time, or, with `to_the_end`, at any.
  void settle(bool to_the_end, Dice& dice);
  [[nodiscard]] bool is_at_rest();
  [[nodiscard]] bool all_ended();

  Options options_;
  Features features_;
  bool tells_;
  std::vector<std::string> story_;
  Steady steady_{std::chrono::hours{1'000}};
  Steady began_ = steady_;
  Timestamp utc_{};
  Timestamp latest_{};
  std::map<int, std::chrono::microseconds> offsets_;
  SimulatedDatabase database_;
  std::unique_ptr<store::Store> client_;
  std::unique_ptr<runner::Readers> readers_;
  std::map<store::DefinitionKey, std::shared_ptr<const core::Definition>> known_definitions_;
  std::unique_ptr<Invariants> invariants_;
  std::vector<Deployed> workflows_;
  std::map<int, std::unique_ptr<VirtualRunner>> runners_;
  std::vector<std::unique_ptr<store::Store>> graveyard_;  // of runners whose leases run on
  std::unique_ptr<Users> users_;
  std::unique_ptr<ScheduleOwners> owners_;
  Dice* dice_ = nullptr;  // of the event that happens
  int next_runner_ = 0;
  Steady full_until_{};  // nothing can be written
  bool races_ = false;   // an event happens within another one
  bool calm_ = false;
  std::int64_t events_ = 0;
  std::int64_t commits_ = 0;
  std::int64_t crashes_ = 0;
};

}  // namespace cloacina::simulation
