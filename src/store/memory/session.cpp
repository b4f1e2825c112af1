#include "store/memory/session.hpp"

#include <algorithm>

#include "cloacina/error.hpp"

namespace cloacina::store::memory {

// ---- a statement

IdBytes Call::id(std::size_t i) const {
  IdBytes out{};
  std::copy_n(at(i).bytes.begin(), std::min(at(i).bytes.size(), out.size()), out.begin());
  return out;
}

void Call::add(std::string_view value) {
  cells_.push_back({false, 0, bytes_.size(), value.size()});
  bytes_.append(value);
}

MemoryStatement::MemoryStatement(Contents& db, MemorySession& session, void (*run)(Call&)) : run_(run) {
  call_.db_ = &db;
  call_.session_ = &session;
}

void MemoryStatement::start() {
  call_.cells_.clear();
  call_.rows_.clear();
  call_.bytes_.clear();
  call_.changed_ = 0;
  shown_ = 0;
  const std::size_t width = values.size() / rows;
  for (std::size_t i = 0; i < rows; ++i) {
    const int before = call_.changed_;
    call_.input_ = std::span(values).subspan(i * width, width);
    call_.input_index_ = i;
    run_(call_);
    if (call_.changed_ != before) call_.begin_row();
  }
}

bool MemoryStatement::next() {
  if (shown_ == call_.rows_.size()) return false;
  ++shown_;
  return true;
}

int MemoryStatement::finish() { return call_.changed_ > 0 ? call_.changed_ : static_cast<int>(call_.rows_.size()); }

std::size_t MemoryStatement::input() const { return call_.rows_[shown_ - 1].input; }

std::string_view MemoryStatement::bytes(int column) const {
  const auto& found = cell(column);
  return std::string_view(call_.bytes_).substr(found.offset, found.length);
}

// ---- a connection

const std::unordered_map<std::string_view, void (*)(Call&)>& statements() {
  static const auto table = [] {
    std::unordered_map<std::string_view, void (*)(Call&)> out;
    for (const auto& part : {execution_statements(), task_statements(), reading_statements(), runner_statements(),
                             schedule_statements(), gate_statements()}) {
      for (const auto& [name, run] : part) out.emplace(name, run);
    }
    return out;
  }();
  return table;
}

sql::Use MemorySession::use(std::string_view name) {
  const auto known = statements_.find(name);
  if (known != statements_.end()) return sql::Use(*known->second);
  const auto found = statements().find(name);
  if (found == statements().end()) throw Error(ErrorCode::Internal, "there is no statement '" + std::string(name) + "'");
  auto& made = statements_[found->first];
  made = std::make_unique<MemoryStatement>(shared_->contents, *this, found->second);
  return sql::Use(*made);
}

void MemorySession::begin() {
  if (shared_->writer != nullptr) throw Error(ErrorCode::Unavailable, "another connection writes to the database in memory");
  shared_->writer = this;
}

void MemorySession::commit() {
  bool changed = false;
  shared_->contents.for_tables([&](auto& table) { changed = changed || table.changed(); });
  if (changed && std::exchange(shared_->refuses_commit, false)) {
    roll_back();
    throw Error(ErrorCode::Unavailable, "the commit is refused");
  }
  if (changed) {
    ++shared_->commits;
    ++own_commits_;
    if (shared_->keeps_changes) {
      shared_->contents.executions.for_changed([&](Integer key) { shared_->changed.insert(key); });
      shared_->contents.tasks.for_changed([&](Integer id) { shared_->changed.insert(id >> 16); });
    }
  }
  shared_->contents.for_tables([](auto& table) { table.keep(); });
  shared_->writer = nullptr;
}

void MemorySession::roll_back() {
  if (shared_->writer != this) return;
  shared_->contents.for_tables([](auto& table) { table.take_back(); });
  shared_->writer = nullptr;
}

}  // namespace cloacina::store::memory
