#include "engine/contexts.hpp"

#include "core/changes.hpp"

namespace cloacina::engine {

namespace {

class InputContext final : public LazyContext {
 public:
  explicit InputContext(std::string text) : LazyContext(text.size()), text_(std::move(text)) {}

 private:
  ContextValues compute() override { return core::values_from_text(std::exchange(text_, {})); }
  std::string text_;
};

class OutputContext final : public LazyContext {
 public:
  OutputContext(std::shared_ptr<LazyContext> given, std::shared_ptr<const ContextValues> changes, std::size_t bytes)
      : LazyContext(bytes), given_(std::move(given)), changes_(std::move(changes)) {}

 private:
  ContextValues compute() override {
    // The one below is let go once used: a chain of any length keeps one link.
    const auto given = std::exchange(given_, nullptr)->get();
    return core::applied(given.get(), *std::exchange(changes_, nullptr));
  }
  std::shared_ptr<LazyContext> given_;
  std::shared_ptr<const ContextValues> changes_;
};

std::size_t size_of(const store::ContextRows& rows) {
  std::size_t size = rows.input.size();
  for (const auto& [position, text] : rows.changes) size += text.size();
  return size;
}

class MergedContext final : public LazyContext {
 public:
  MergedContext(std::shared_ptr<const core::Definition> definition, std::vector<core::Position> heads, store::ContextRows rows)
      : LazyContext(size_of(rows)), definition_(std::move(definition)), heads_(std::move(heads)), rows_(std::move(rows)) {}

 private:
  ContextValues compute() override {
    const auto rows = std::exchange(rows_, {});
    core::ChangesByTask changes;
    for (const auto& [position, text] : rows.changes) {
      changes.emplace(position, std::make_shared<const ContextValues>(core::changes_from_text(text)));
    }
    return core::merge(*definition_, core::values_from_text(rows.input), heads_, changes);
  }
  std::shared_ptr<const core::Definition> definition_;
  std::vector<core::Position> heads_;
  store::ContextRows rows_;
};

}  // namespace

std::shared_ptr<const ContextValues> LazyContext::get() {
  const std::lock_guard lock(mutex_);
  if (!values_) values_ = std::make_shared<const ContextValues>(compute());
  return values_;
}

std::shared_ptr<LazyContext> LazyContext::of_input(std::string text) { return std::make_shared<InputContext>(std::move(text)); }

std::shared_ptr<LazyContext> LazyContext::of_output(std::shared_ptr<LazyContext> given,
                                                    std::shared_ptr<const ContextValues> changes, std::size_t bytes) {
  // Without changes the task's context is its parent's: nothing to keep twice.
  if (changes->empty()) return given;
  return std::make_shared<OutputContext>(std::move(given), std::move(changes), bytes);
}

std::shared_ptr<LazyContext> LazyContext::of_rows(std::shared_ptr<const core::Definition> definition,
                                                  std::vector<core::Position> heads, store::ContextRows rows) {
  return std::make_shared<MergedContext>(std::move(definition), std::move(heads), std::move(rows));
}

std::optional<ContextCache::Slot> ContextCache::slot_of(const core::Definition& definition, store::TaskKey task) {
  const auto& after = definition.tasks[task.position].after;
  if (after.size() > 1) return std::nullopt;
  return Slot{task.execution, after.empty() ? -1 : static_cast<std::int64_t>(after.front())};
}

std::shared_ptr<LazyContext> ContextCache::take(const Slot& slot) {
  const auto entry = entries_.find(slot.execution);
  if (entry == entries_.end()) return nullptr;
  const auto it = entry->second.contexts.find(slot.parent);
  if (it == entry->second.contexts.end()) return nullptr;
  ages_.splice(ages_.end(), ages_, entry->second.age);
  auto context = it->second.context;
  if (--it->second.uses == 0) {
    entry->second.bytes -= context->bytes();
    bytes_ -= context->bytes();
    entry->second.contexts.erase(it);
    if (entry->second.contexts.empty()) erase(entry);
  }
  return context;
}

void ContextCache::put(const Slot& slot, std::shared_ptr<LazyContext> context, std::size_t uses) {
  const std::size_t size = context->bytes();
  if (size > bytes_max_) return;
  auto [entry, fresh] = entries_.try_emplace(slot.execution);
  if (fresh) entry->second.age = ages_.insert(ages_.end(), slot.execution);
  auto& kept = entry->second.contexts[slot.parent];
  const std::size_t before = kept.context ? kept.context->bytes() : 0;
  kept = {std::move(context), uses};
  entry->second.bytes += size - before;
  bytes_ += size - before;
  ages_.splice(ages_.end(), ages_, entry->second.age);
  while (bytes_ > bytes_max_ && ages_.front() != slot.execution) erase(entries_.find(ages_.front()));
  if (bytes_ > bytes_max_) erase(entry);  // one execution alone over the limit: what it needs is read from the store
}

void ContextCache::drop(store::ExecutionKey execution) {
  if (const auto entry = entries_.find(execution); entry != entries_.end()) erase(entry);
}

void ContextCache::erase(std::unordered_map<store::ExecutionKey, Entry>::iterator entry) {
  bytes_ -= entry->second.bytes;
  ages_.erase(entry->second.age);
  entries_.erase(entry);
}

}  // namespace cloacina::engine
