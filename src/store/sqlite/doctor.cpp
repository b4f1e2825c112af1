#include "cloacina/error.hpp"
#include "cloacina/time.hpp"
#include "os/lock_file.hpp"
#include "store/sql/examination.hpp"
#include "store/sql/schedules.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::store::sqlite {

namespace {

constexpr std::chrono::minutes backlog_is_old{5};
constexpr std::chrono::minutes schedule_is_behind{1};

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

class Doctor {
 public:
  explicit Doctor(const std::filesystem::path& file) : file_(file) {}

  std::vector<Finding> examine() {
    std::error_code error;
    if (!std::filesystem::exists(file_, error)) {
      add("file", true, "there is no file " + file_.string());
      return std::move(findings_);
    }
    try {
      Connection connection(file_, {.busy_timeout = std::chrono::milliseconds{2'000}});
      if (!schema(connection)) return std::move(findings_);
      integrity(connection);
      if (!objects(connection)) return std::move(findings_);
      consistency(connection);
      work(connection);
      schedules(connection);
    } catch (const Error& e) {
      add("database", true, e.what());
    }
    return std::move(findings_);
  }

 private:
  void add(const char* check, bool problem, std::string text) { findings_.push_back({check, problem, std::move(text)}); }

  bool schema(Connection& connection) {
    const auto state = schema_state(connection);
    if (state.foreign) {
      add("schema", true, "the file belongs to another application: it has the tables " + state.tables);
      return false;
    }
    const bool same = state.version == schema_version();
    add("schema", !same,
        same ? "schema version " + std::to_string(state.version)
             : "schema version " + std::to_string(state.version) + ", this program has " + std::to_string(schema_version()) +
                   (state.version < schema_version() ? "; run 'cloacinactl migrate'" : "; use a newer cloacina"));
    return same;
  }

  void integrity(Connection& connection) {
    const auto state = connection.text("PRAGMA integrity_check(5)").value_or("no answer");
    add("integrity", state != "ok", state == "ok" ? "the file is whole" : "the file is damaged: " + state);
    add("clock", false, "the database uses this machine's clock");
  }

  bool objects(Connection& connection) {
    const auto missing = sql::missing_objects(connection, "sqlite/migrations");
    if (!missing.empty()) add("schema", true, "the database lacks " + missing + "; restore a backup");
    return missing.empty();
  }

  void consistency(Connection& connection) {
    for (auto& finding : sql::examine(connection, utc_now())) findings_.push_back(std::move(finding));
  }

  void work(Connection& connection) {
    const auto now = utc_now();
    sql::Definitions definitions;
    os::LockFile locks(file_.string() + "-lock");
    std::vector<std::pair<bool, std::vector<DefinitionKey>>> alive;
    int dead = 0;
    {
      auto use = connection.use("runners");
      while (use.step()) {
        if (!locks.is_locked(use.integer(0))) {
          ++dead;
          continue;
        }
        const Json knows = Json::parse(use.text(8), nullptr, false);
        alive.emplace_back(use.integer(6) != 0,
                           knows.is_array() ? knows.get<std::vector<DefinitionKey>>() : std::vector<DefinitionKey>{});
      }
    }
    add("runners", false, std::to_string(alive.size()) + (alive.size() == 1 ? " runner lives" : " runners live"));
    if (dead > 0) {
      add("runners", alive.empty(), std::to_string(dead) + " died; what they held runs again as soon as a runner lives");
    }
    std::vector<DefinitionKey> waiting;
    {
      auto use = connection.use("stranded");
      while (use.step()) waiting.push_back(use.integer(0));
    }
    for (const auto key : waiting) {
      const auto d = definitions.get(connection, key);
      const bool known = std::any_of(alive.begin(), alive.end(), [&](const auto& r) {
        return (r.first && d->only_commands) || std::find(r.second.begin(), r.second.end(), key) != r.second.end();
      });
      if (!known)
        add("stranded", true, "work of workflow '" + d->name + "' version " + d->version + " waits, and no live runner knows it");
    }
    const auto oldest = connection.integer("SELECT min(due_at) FROM cloacina_task WHERE state = 1");
    if (!oldest) {
      add("backlog", false, "no task waits for a runner");
      return;
    }
    const auto age = now - Timestamp{std::chrono::microseconds{*oldest}};
    add("backlog", age > backlog_is_old,
        "the oldest ready task waits since " + format_seconds(Timestamp{std::chrono::microseconds{*oldest}}));
  }

  void schedules(Connection& connection) {
    const auto now = utc_now();
    const auto number = connection.integer("SELECT count(*) FROM cloacina_schedule WHERE removed_at IS NULL").value_or(0);
    if (number == 0) return;
    add("schedules", false, std::to_string(number) + (number == 1 ? " schedule" : " schedules"));
    auto use = connection.use("due_schedules");
    use.bind(now - schedule_is_behind, 10);
    while (use.step()) {
      const auto row = sql::read_schedule(use);
      add("schedules", true,
          "schedule '" + row.name + "' is behind: its slot of " + format_seconds(*row.next_run_at) +
              " is not settled; does a runner live?");
    }
    const auto disabled = connection.text(
        "SELECT group_concat(name || ': ' || disabled_reason, '; ') FROM (SELECT name, disabled_reason FROM cloacina_schedule "
        "WHERE "
        "disabled_reason IS NOT NULL AND removed_at IS NULL ORDER BY name LIMIT 10)");
    if (disabled && !disabled->empty()) add("schedules", true, "disabled: " + *disabled);
  }

  std::filesystem::path file_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> doctor_file(const std::filesystem::path& file) { return Doctor(file).examine(); }

}  // namespace cloacina::store::sqlite
