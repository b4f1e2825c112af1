#include "conformance/memory_backend.hpp"

#include "conformance/audit.hpp"
#include "store/memory/database.hpp"

namespace cloacina::test {

namespace {

class MemoryAudit final : public AuditedDatabase {
 public:
  explicit MemoryAudit(store::memory::MemoryDatabase& database) : session_(database.session()), contents_(database.contents()) {}

  store::sql::Session& session() override { return *session_; }
  std::optional<std::int64_t> next_execution(std::int64_t key) override {
    const auto it = contents_.executions.rows().upper_bound(key);
    return it == contents_.executions.rows().end() ? std::nullopt : std::optional(it->first);
  }
  std::int64_t of_execution(std::int64_t key, const std::string& column) override {
    const auto& e = *contents_.executions.find(key);
    return column == "definition" ? e.definition : column == "status" ? e.status : column == "failed" ? e.failed : e.open_leaves;
  }
  std::int64_t of_task(std::int64_t row, const std::string& column) override {
    const auto& t = *contents_.tasks.find(row);
    return column == "done" ? t.done : column == "completed" ? t.completed : t.failed;
  }

 private:
  std::unique_ptr<store::memory::MemorySession> session_;
  const store::memory::Contents& contents_;
};

Backend backend(const std::string& name, bool leases) {
  const auto fresh = [leases] {
    store::memory::Options options;
    if (leases) options.lease = std::chrono::hours{24 * 36'500};
    std::shared_ptr<store::memory::MemoryDatabase> first = store::memory::open(options);
    FreshDatabase out{"memory", first};
    out.open_by = [first](const store::OpenOptions&) { return first->again(); };
    return out;
  };
  return {name, fresh, [](const FreshDatabase& database) {
            MemoryAudit audited(*std::static_pointer_cast<store::memory::MemoryDatabase>(database.keep));
            return audit(audited);
          }};
}

}  // namespace

Backend memory_backend() { return backend("memory", false); }
Backend leased_memory_backend() { return backend("leased_memory", true); }

}  // namespace cloacina::test
