// Executions that somebody asked for.
#include <algorithm>
#include <numeric>

#include "store/sql/turn.hpp"

namespace cloacina::store::sql {

void Turn::send_submissions() {
  if (batch_.submissions.empty()) return;
  submissions_.emplace(session_.use("insert_execution"));
  for (const auto& s : batch_.submissions) {
    auto definition = definitions_.get(session_, s.definition);
    const Timestamp submitted_at = shifted(s.submitted_at);
    const Timestamp due_at = std::max(s.start_at.value_or(submitted_at), submitted_at);
    std::optional<Timestamp> deadline;
    if (definition->deadline) deadline = due_at + *definition->deadline;
    submissions_->add(s.id.bytes(), definitions_.workflow_of(session_, s.definition, definition->name), s.definition, s.priority,
                      s.key, submitted_at, due_at, deadline, static_cast<std::int64_t>(definition->leaves.size()), s.input);
    submitting_.push_back({std::move(definition), due_at});
  }
  submissions_->send();
}

void Turn::submit_all() {
  const auto& all = batch_.submissions;
  if (all.empty()) return;
  auto& use = *submissions_;
  result_.submissions.assign(all.size(), {Applied::Duplicate, {}, 0});
  while (use.step()) result_.submissions[use.input()] = {Applied::Yes, all[use.input()].id, use.integer(0)};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& s = all[i];
    auto& result = result_.submissions[i];
    if (result.applied == Applied::Duplicate) {
      auto by_key = session_.use("find_unique_key");
      auto by_id = session_.use("find_execution");
      if (s.key && by_key.bind(*s.key).step()) {
        result = {Applied::Duplicate, id_of(by_key.blob(1)), by_key.integer(0)};
      } else if (by_id.bind(s.id.bytes()).step()) {
        result = {Applied::Duplicate, s.id, by_id.integer(0)};
      }
      continue;
    }
    auto& e = touched_[result.key];
    e.key = result.key;
    e.id = s.id;
    e.definition_key = s.definition;
    e.definition = submitting_[i].definition;
    e.priority = s.priority;
    e.due_at = submitting_[i].due_at;
    if (s.start_at && *s.start_at > now_) e.start_at = s.start_at;
    e.open_leaves = static_cast<std::int64_t>(e.definition->leaves.size());
    advance_.start(e);
  }
}

}  // namespace cloacina::store::sql
