#include <algorithm>

#include "cloacina/time.hpp"
#include "store/postgres/database.hpp"
#include "store/postgres/schema.hpp"
#include "store/sql/examination.hpp"
#include "store/sql/schedules.hpp"

namespace cloacina::store::postgres {

namespace {

constexpr std::chrono::minutes backlog_is_old{5};
constexpr std::chrono::minutes schedule_is_behind{1};
constexpr std::chrono::seconds clocks_differ{2};

std::string counted(std::size_t number, const char* thing) {
  return std::to_string(number) + " " + thing + (number == 1 ? "" : "s");
}

class Doctor {
 public:
  explicit Doctor(Target target) : target_(std::move(target)) {}

  std::vector<Finding> examine() {
    try {
      plain_.emplace(target_);
      if (!schema()) return std::move(findings_);
      session_.emplace(target_);
      now_ = time_of_server();
      if (!objects()) return std::move(findings_);
      consistency();
      clocks();
      work();
      schedules();
    } catch (const Error& e) {
      add("database", true, e.what());
    }
    return std::move(findings_);
  }

 private:
  void add(const char* check, bool problem, std::string text) { findings_.push_back({check, problem, std::move(text)}); }

  bool schema() {
    const int found = schema_state(*plain_);
    const bool same = found == schema_version();
    add("schema", !same,
        same ? "schema version " + std::to_string(found)
             : "schema version " + std::to_string(found) + ", this program has " + std::to_string(schema_version()) +
                   (found < schema_version() ? "; run 'cloacinactl migrate'" : "; use a newer cloacina"));
    return same;
  }

  bool objects() {
    const auto missing = sql::missing_objects(*session_, "postgres/migrations");
    if (!missing.empty()) add("schema", true, "the database lacks " + missing + "; restore a backup");
    return missing.empty();
  }

  void consistency() {
    for (auto& finding : sql::examine(*session_, now_)) findings_.push_back(std::move(finding));
  }

  Timestamp time_of_server() {
    auto use = session_->use("clock");
    return use.step() ? use.time(0) : Timestamp{};
  }

  void clocks() {
    const auto here = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const auto difference = std::chrono::duration_cast<std::chrono::milliseconds>(now_ < here ? here - now_ : now_ - here);
    add("clock", difference > clocks_differ,
        difference > clocks_differ
            ? "this machine's clock and the server's, which decides, differ by " + format_duration(difference)
            : "the server's clock decides, and this machine's agrees with it");
  }

  void work() {
    sql::Definitions definitions;
    std::vector<std::pair<bool, std::vector<DefinitionKey>>> alive;
    std::size_t dead = 0;
    {
      auto use = session_->use("runners");
      while (use.step()) {
        if (use.time(10) <= now_) {
          ++dead;
          continue;
        }
        const Json knows = Json::parse(use.text(8), nullptr, false);
        alive.emplace_back(use.integer(6) != 0,
                           knows.is_array() ? knows.get<std::vector<DefinitionKey>>() : std::vector<DefinitionKey>{});
      }
    }
    add("runners", false, counted(alive.size(), "runner") + (alive.size() == 1 ? " lives" : " live"));
    if (dead > 0) {
      add("runners", alive.empty(), std::to_string(dead) + " died; what they held runs again as soon as a runner lives");
    }
    std::vector<DefinitionKey> waiting;
    {
      auto use = session_->use("stranded");
      while (use.step()) waiting.push_back(use.integer(0));
    }
    for (const auto key : waiting) {
      const auto d = definitions.get(*session_, key);
      const bool known = std::any_of(alive.begin(), alive.end(), [&](const auto& r) {
        return (r.first && d->only_commands) || std::find(r.second.begin(), r.second.end(), key) != r.second.end();
      });
      if (!known) {
        add("stranded", true, "work of workflow '" + d->name + "' version " + d->version + " waits, and no live runner knows it");
      }
    }
    auto oldest = session_->use("oldest_ready");
    if (!oldest.step() || oldest.is_null(0)) {
      add("backlog", false, "no task waits for a runner");
      return;
    }
    add("backlog", now_ - oldest.time(0) > backlog_is_old, "the oldest ready task waits since " + format_seconds(oldest.time(0)));
  }

  void schedules() {
    const auto number =
        plain_->text("SELECT count(*) FROM cloacina_schedule WHERE removed_at IS NULL", "counting schedules").value_or("0");
    if (number == "0") return;
    add("schedules", false, number + (number == "1" ? " schedule" : " schedules"));
    {
      auto use = session_->use("due_schedules");
      use.bind(now_ - schedule_is_behind, 10);
      while (use.step()) {
        const auto row = sql::read_schedule(use);
        add("schedules", true,
            "schedule '" + row.name + "' is behind: its slot of " + format_seconds(*row.next_run_at) +
                " is not settled; does a runner live?");
      }
    }
    const auto disabled = plain_->text(
        "SELECT string_agg(name || ': ' || disabled_reason, '; ') FROM (SELECT name, disabled_reason FROM cloacina_schedule WHERE "
        "disabled_reason IS NOT NULL AND removed_at IS NULL ORDER BY name LIMIT 10) d",
        "looking at schedules");
    if (disabled && !disabled->empty()) add("schedules", true, "disabled: " + *disabled);
  }

  Target target_;
  std::optional<PlainSession> plain_;
  std::optional<PgSession> session_;
  Timestamp now_{};
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> doctor_database(const Target& target) { return Doctor(target).examine(); }

}  // namespace cloacina::store::postgres
