// The second half of a turn: what the commit's result means for callers, workers and callbacks.
#include <algorithm>

#include "engine/engine.hpp"

namespace cloacina::engine {

using Kind = store::AttemptOutcome::Kind;

void Engine::settle_outcomes(const store::BatchResult& result, Effects& effects) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    auto& p = pending_[i];
    if ((result.outcomes[i] != store::Applied::Yes && !p.completed_in) || !p.item) continue;
    effects.finished.insert(effects.finished.end(), p.finished.begin(), p.finished.end());
    const auto& definition = p.item->workflow.definition();
    const auto task = p.item->claimed.task;
    if (p.changes) {
      const auto& children = definition.dependents[task.position];
      const auto takers =
          std::count_if(children.begin(), children.end(), [&](auto c) { return definition.tasks[c].after.size() == 1; });
      if (takers > 0) {
        contexts_.put({task.execution, task.position},
                      LazyContext::of_output(p.item->context, std::move(p.changes), p.changes_bytes),
                      static_cast<std::size_t>(takers));
      }
      call_back(*p.item, nullptr, effects);
    } else if (p.failed_for_good) {
      call_back(*p.item, &p.failure, effects);
    }
  }
  pending_.clear();
}

void Engine::answer(const store::BatchResult& result, Messages& messages, Effects& effects) {
  auto next = result.submissions.begin();
  for (auto& request : messages.submissions) {
    std::vector<store::SubmitResult> results(next, next + static_cast<std::ptrdiff_t>(request.executions.size()));
    next += static_cast<std::ptrdiff_t>(request.executions.size());
    effects.answers.emplace_back([answer = std::make_shared<decltype(request.answer)>(std::move(request.answer)),
                                  results = std::move(results)]() mutable { answer->set_value(std::move(results)); });
  }
  for (std::size_t i = 0; i < messages.controls.size(); ++i) {
    effects.answers.emplace_back([answer = std::make_shared<Answer<store::ControlResult>>(std::move(messages.controls[i].answer)),
                                  value = result.controls[i]] { answer->set_value(value); });
  }
}

void Engine::start(const store::BatchResult& result, const store::Batch& batch, const Now& now, Effects& effects) {
  std::vector<std::shared_ptr<WorkItem>> items;
  items.reserve(result.claimed.size());
  for (const auto& claimed : result.claimed) {
    auto flow = workflow(claimed.definition, effects);
    if (!flow) {
      Pending back;
      auto& o = back.outcome;
      o.task = claimed.task;
      o.fence = claimed.fence;
      o.number = claimed.number;
      o.kind = Kind::Returned;
      o.began = false;
      o.started_at = o.finished_at = now.utc;
      pending_.push_back(std::move(back));
      continue;
    }
    auto item = std::make_shared<WorkItem>(claimed, std::move(*flow));
    item->context_bytes_max = options_.context_bytes_max;
    item->transactions = options_.transactions;
    item->random = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
    if (claimed.last_chance) ++last_chance_held_;
    if (item->task().timeout) timers_.push({after(now.steady, *item->task().timeout), claimed.claim()});
    in_flight_.insert_or_assign(claimed.claim(), Flight{item});
    items.push_back(std::move(item));
  }
  find_contexts(items, result, batch, now, effects);
  effects.start = std::move(items);
}

void Engine::find_contexts(std::vector<std::shared_ptr<WorkItem>>& items, const store::BatchResult& result,
                           const store::Batch& batch, const Now& now, Effects& effects) {
  std::unordered_map<store::ExecutionKey, std::size_t> submitted;
  std::vector<store::TaskKey> missing;
  std::vector<std::vector<std::size_t>> wanted_by;  // for each missing one, the items that share it
  std::map<std::pair<store::ExecutionKey, std::int64_t>, std::size_t> index;
  if (!items.empty()) {
    for (std::size_t i = 0; i < result.submissions.size(); ++i) {
      if (result.submissions[i].applied == store::Applied::Yes) submitted.emplace(result.submissions[i].key, i);
    }
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto task = items[i]->claimed.task;
    // What is at hand of an execution that was retried may be older than the retry: another runner's, perhaps.
    const auto slot = items[i]->claimed.retried ? std::nullopt : ContextCache::slot_of(items[i]->workflow.definition(), task);
    if (slot) {
      items[i]->context = contexts_.take(*slot);
      if (items[i]->context) continue;
      if (const auto it = submitted.find(task.execution); slot->parent < 0 && it != submitted.end()) {
        const auto& definition = items[i]->workflow.definition();
        items[i]->context = LazyContext::of_input(batch.submissions[it->second].input);
        if (definition.roots.size() > 1) contexts_.put(*slot, items[i]->context, definition.roots.size() - 1);
        continue;
      }
      const auto [it, fresh] = index.try_emplace({slot->execution, slot->parent}, missing.size());
      if (!fresh) {
        wanted_by[it->second].push_back(i);
        continue;
      }
    }
    missing.push_back(task);
    wanted_by.push_back({i});
  }
  if (missing.empty()) return;
  std::vector<store::ContextRows> rows;
  try {
    rows = store_.contexts(missing);
  } catch (const Error& e) {
    // The claims hold, but what the tasks work on cannot be read: they go back, unstarted, and the shell waits a little.
    effects.trouble = e.what();
    look_ = true;
    std::erase_if(items, [&](const auto& item) {
      if (item->context) return false;
      const auto flight = in_flight_.find(item->claimed.claim());
      flight->second.reason = StopReason::Halted;
      WorkDone back;
      back.item = item;
      back.began = false;
      back.started_at = back.finished_at = now.utc;
      conclude(std::move(back), flight->second, now.utc);
      land(flight);
      return true;
    });
    return;
  }
  for (std::size_t m = 0; m < missing.size(); ++m) {
    const auto& definition = items[wanted_by[m].front()]->workflow.shared_definition();
    auto context = LazyContext::of_rows(definition, definition->tasks[missing[m].position].after, std::move(rows[m]));
    const bool retried = items[wanted_by[m].front()]->claimed.retried;
    if (const auto slot = ContextCache::slot_of(*definition, missing[m]); slot && !retried) {
      // How many of those that share it are still to come is not known; the end of the execution clears what is left.
      const auto sharers =
          slot->parent < 0 ? definition->roots.size() : definition->dependents[static_cast<std::size_t>(slot->parent)].size();
      if (sharers > wanted_by[m].size()) contexts_.put(*slot, context, sharers - wanted_by[m].size());
    }
    for (const auto i : wanted_by[m]) items[i]->context = context;
  }
}

std::optional<Workflow> Engine::workflow(store::DefinitionKey key, Effects& effects) {
  if (const auto it = workflows_.find(key); it != workflows_.end()) return it->second;
  if (const auto it = adopted_.find(key); it != adopted_.end()) return it->second;
  store::StoredDefinition stored;
  try {
    stored = store_.definition(key);
  } catch (const Error& e) {
    effects.trouble = e.what();
    look_ = true;
    return std::nullopt;
  }
  auto flow = [&] {
    try {
      return materialise_(stored.definition);
    } catch (const std::exception&) {
      return Workflow(stored.definition, std::vector<Workflow::Code>(stored.definition->tasks.size()));
    }
  }();
  return adopted_.emplace(key, std::move(flow)).first->second;
}

void Engine::call_back(const WorkItem& item, const Failure* failure, Effects& effects) {
  call_back(item.claimed.task, item.claimed.id, item.workflow, failure, effects);
}

void Engine::call_back(const store::TaskKey& task, const ExecutionId& id, const Workflow& flow, const Failure* failure,
                       Effects& effects) {
  const auto& code = flow.code(task.position);
  if (failure != nullptr ? !code.on_failure : !code.on_success) return;
  effects.callbacks.emplace_back(
      [flow, task, id, inbox = inbox_, failed = failure != nullptr, f = failure != nullptr ? *failure : Failure{}] {
        const auto& name = flow.definition().tasks[task.position].name;
        std::string error;
        try {
          if (failed) {
            flow.code(task.position).on_failure(id, name, f);
          } else {
            flow.code(task.position).on_success(id, name);
          }
          return;
        } catch (...) {
          error = failure_of(std::current_exception()).error;
        }
        inbox->event({task.execution, task.position, "callback_failed", (failed ? "on_failure: " : "on_success: ") + error});
      });
}

}  // namespace cloacina::engine
