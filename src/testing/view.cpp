#include "testing/view.hpp"

#include <algorithm>
#include <limits>

namespace cloacina::simulation {

namespace {

class MemoryView final : public View {
 public:
  explicit MemoryView(store::memory::MemoryDatabase& database) : database_(database), contents_(database.contents()) {}

  std::vector<store::ExecutionKey> take_changed() override {
    const auto changed = database_.take_changed();
    return {changed.begin(), changed.end()};
  }
  std::vector<store::ExecutionKey> executions() override {
    std::vector<store::ExecutionKey> out;
    for (const auto& [key, row] : contents_.executions.rows()) out.push_back(key);
    return out;
  }
  std::optional<ExecutionView> execution(store::ExecutionKey key) override {
    const auto* e = contents_.executions.find(key);
    if (e == nullptr) return std::nullopt;
    return ExecutionView{key,
                         ExecutionId{e->id},
                         e->definition,
                         static_cast<ExecutionStatus>(e->status),
                         e->open_leaves,
                         e->failed,
                         e->retried != 0,
                         e->gate.value_or(0),
                         e->gate_max,
                         static_cast<store::Waiting>(e->waiting),
                         e->error};
  }
  std::vector<TaskView> tasks(store::ExecutionKey key) override {
    std::vector<TaskView> out;
    contents_.tasks.for_execution(key, [&](const store::memory::TaskRow& t) {
      out.push_back({static_cast<core::Position>(t.id & 0xffff),
                     static_cast<store::State>(t.state),
                     t.rank,
                     t.due_at,
                     t.fence,
                     t.number,
                     t.failures,
                     t.crashes,
                     {t.done, t.completed, t.failed},
                     t.runner.value_or(0)});
    });
    return out;
  }
  std::optional<Queued> first_ready(store::DefinitionKey definition) override {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    const auto it = contents_.tasks.ready.from({definition, least, least, least});
    if (it == contents_.tasks.ready.end() || std::get<0>(*it) != definition) return std::nullopt;
    return Queued{std::get<1>(*it), std::get<2>(*it), std::get<3>(*it)};
  }
  std::vector<AtGate> open_of_gate(std::int64_t gate) override {
    std::vector<AtGate> out;
    const auto& index = contents_.executions.gates;
    for (auto it = index.from({gate, 0, 0}); it != index.end() && std::get<0>(*it) == gate; ++it) {
      const auto* e = contents_.executions.find(std::get<2>(*it));
      out.push_back({e->key, e->gate_max, static_cast<store::Waiting>(e->waiting)});
    }
    std::sort(out.begin(), out.end(), [](const AtGate& a, const AtGate& b) { return a.key < b.key; });
    return out;
  }
  bool is_registered(store::RunnerKey runner) override { return contents_.runners.open.places().contains(runner); }

 private:
  store::memory::MemoryDatabase& database_;
  const store::memory::Contents& contents_;
};

}  // namespace

SimulatedDatabase memory_database(const store::memory::Options& options) {
  auto settings = options;
  settings.keeps_changes = true;
  auto database = store::memory::open(settings);
  auto view = std::make_unique<MemoryView>(*database);
  auto* memory = database.get();
  return {std::move(database), std::move(view), [memory](bool refuse) { memory->refuse_next_commit(refuse); }};
}

}  // namespace cloacina::simulation
