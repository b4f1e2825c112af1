#include "core/definition_json.hpp"

#include <array>
#include <utility>

#include "core/json_number.hpp"

namespace cloacina::core {

namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<Rule::Kind, std::string_view>, 8> rule_words{{{Rule::Kind::AllSucceeded, "all_succeeded"},
                                                                             {Rule::Kind::Always, "always"},
                                                                             {Rule::Kind::AnyFailed, "any_failed"},
                                                                             {Rule::Kind::AllFailed, "all_failed"},
                                                                             {Rule::Kind::AnySucceeded, "any_succeeded"},
                                                                             {Rule::Kind::All, "all"},
                                                                             {Rule::Kind::Any, "any"},
                                                                             {Rule::Kind::None, "none"}}};

constexpr std::array<std::pair<Condition::Operator, std::string_view>, 8> operator_words{
    {{Condition::Operator::Equals, "equals"},
     {Condition::Operator::NotEquals, "not_equals"},
     {Condition::Operator::GreaterThan, "greater_than"},
     {Condition::Operator::LessThan, "less_than"},
     {Condition::Operator::Contains, "contains"},
     {Condition::Operator::NotContains, "not_contains"},
     {Condition::Operator::Exists, "exists"},
     {Condition::Operator::NotExists, "not_exists"}}};

[[noreturn]] void corrupt(const std::string& what) { throw Error(ErrorCode::Corrupt, "a stored workflow definition has " + what); }

template <class Table>
auto from_word(const Table& table, std::string_view word) {
  for (const auto& [value, name] : table) {
    if (name == word) return value;
  }
  corrupt("the unknown word '" + std::string(word) + "'");
}

Json condition_to_json(const Condition& c) {
  switch (c.kind) {
    case Condition::Kind::TaskCompleted:
      return {{"task", c.name}, {"is", "completed"}};
    case Condition::Kind::TaskFailed:
      return {{"task", c.name}, {"is", "failed"}};
    case Condition::Kind::TaskSkipped:
      return {{"task", c.name}, {"is", "skipped"}};
    case Condition::Kind::Context:
      break;
  }
  if (c.op == Condition::Operator::Exists || c.op == Condition::Operator::NotExists) {
    return {{"context", c.name}, {"exists", c.op == Condition::Operator::Exists}};
  }
  return {{"context", c.name}, {std::string(word_of(c.op)), c.value}};
}

Condition condition_from_json(const Json& json) {
  if (json.contains("task")) {
    const auto is = json.at("is").get<std::string>();
    const auto name = json.at("task").get<std::string>();
    return is == "completed" ? completed(name) : is == "failed" ? failed(name) : skipped(name);
  }
  const ContextKey key{json.at("context").get<std::string>()};
  if (json.contains("exists")) return json.at("exists").get<bool>() ? key.exists() : key.not_exists();
  for (const auto& [op, word] : operator_words) {
    if (json.contains(word)) return {Condition::Kind::Context, key.key, op, json.at(std::string(word))};
  }
  corrupt("a condition without an operator");
}

std::string retry_word(const RetryCondition& c) {
  switch (c.kind) {
    case RetryCondition::Kind::Any:
      return "any";
    case RetryCondition::Kind::Never:
      return "never";
    case RetryCondition::Kind::Transient:
      return "transient";
    case RetryCondition::Kind::Timeout:
      return "timeout";
    case RetryCondition::Kind::Signal:
      return "signal";
    case RetryCondition::Kind::Exit:
      return "exit:" + std::to_string(c.exit);
    case RetryCondition::Kind::Text:
      return "text:" + c.text;
    case RetryCondition::Kind::Predicate:
      return "predicate";
  }
  return "any";
}

RetryCondition retry_from_word(const std::string& word) {
  if (word == "any") return retry_on::any();
  if (word == "never") return retry_on::never();
  if (word == "transient") return retry_on::transient();
  if (word == "timeout") return retry_on::timeout();
  if (word == "signal") return retry_on::signal();
  if (word == "predicate") return retry_on::when({});
  if (word.starts_with("exit:")) return retry_on::exit(std::stoi(word.substr(5)));
  if (word.starts_with("text:")) return retry_on::text(word.substr(5));
  corrupt("the unknown retry condition '" + word + "'");
}

Json task_to_json(const Definition& d, const TaskDefinition& t) {
  Json json{{"name", t.name}, {"retry", to_json(t.retry)}};
  if (!t.description.empty()) json["description"] = t.description;
  if (!t.after.empty()) {
    Json after = Json::array();
    for (const Position p : t.after) after.push_back(d.tasks[p].name);
    json["after"] = std::move(after);
  }
  if (t.rule.kind != Rule::Kind::AllSucceeded) json["when"] = to_json(t.rule);
  if (t.timeout) json["timeout_ms"] = t.timeout->count();
  if (t.max_crashes != 3) json["max_crashes"] = t.max_crashes;
  if (t.recovers) json["recovers"] = true;
  if (!t.command.is_null()) json["command"] = t.command;
  return json;
}

Definition parse(const Json& json) {
  Definition d;
  d.name = json.at("name").get<std::string>();
  d.description = json.value("description", "");
  d.user_version = json.value("version", "");
  d.tags = json.value("tags", std::map<std::string, std::string>{});
  d.input = json.value("input", Json::object());
  if (json.contains("deadline_ms")) d.deadline = milliseconds{integer_of<std::int64_t>(json.at("deadline_ms"))};
  const auto& tasks = json.at("tasks");
  std::unordered_map<std::string, Position> positions;
  for (const auto& task : tasks) {
    positions.emplace(task.at("name").get<std::string>(), static_cast<Position>(positions.size()));
  }
  if (positions.size() != tasks.size()) corrupt("a task twice");
  std::vector<std::vector<Position>> after;
  for (const auto& task : tasks) {
    TaskDefinition t;
    t.name = task.at("name").get<std::string>();
    t.description = task.value("description", "");
    if (task.contains("after")) {
      for (const auto& name : task.at("after")) {
        const auto it = positions.find(name.get<std::string>());
        if (it == positions.end()) corrupt("an unknown dependency");
        t.after.push_back(it->second);
      }
    }
    if (task.contains("when")) t.rule = rule_from_json(task.at("when"));
    t.retry = retry_from_json(task.at("retry"));
    if (task.contains("timeout_ms")) t.timeout = milliseconds{integer_of<std::int64_t>(task.at("timeout_ms"))};
    t.max_crashes = task.value("max_crashes", 3);
    t.recovers = task.value("recovers", false);
    if (task.contains("command")) t.command = task.at("command");
    after.push_back(t.after);
    d.tasks.push_back(std::move(t));
  }
  // One without tasks stands for a workflow that schedules name and nobody has registered yet.
  if (d.tasks.size() > tasks_max || !find_cycle(after).empty()) corrupt("no runnable graph");
  return d;
}

}  // namespace

std::string_view word_of(Rule::Kind kind) {
  for (const auto& [value, word] : rule_words) {
    if (value == kind) return word;
  }
  return {};
}

std::string_view word_of(Condition::Operator op) {
  for (const auto& [value, word] : operator_words) {
    if (value == op) return word;
  }
  return {};
}

Json to_json(const RetryPolicy& p) {
  Json json{{"max_attempts", p.max_attempts},
            {"initial_delay_ms", p.initial_delay.count()},
            {"factor", p.factor},
            {"max_delay_ms", p.max_delay.count()},
            {"jitter", p.jitter}};
  if (p.delay) {
    json["backoff"] = "function";
  } else if (p.backoff == Backoff::Linear) {
    json["backoff"] = "linear";
  }
  if (!p.on.empty()) {
    Json on = Json::array();
    for (const auto& c : p.on) on.push_back(retry_word(c));
    json["on"] = std::move(on);
  }
  return json;
}

RetryPolicy retry_from_json(const Json& json) {
  RetryPolicy p;
  p.max_attempts = integer_of<int>(json.at("max_attempts"));
  p.initial_delay = milliseconds{integer_of<std::int64_t>(json.at("initial_delay_ms"))};
  p.factor = json.at("factor").get<double>();
  p.max_delay = milliseconds{integer_of<std::int64_t>(json.at("max_delay_ms"))};
  p.jitter = json.at("jitter").get<double>();
  if (json.value("backoff", "") == "linear") p.backoff = Backoff::Linear;
  if (json.contains("on")) {
    for (const auto& word : json.at("on")) p.on.push_back(retry_from_word(word.get<std::string>()));
  }
  return p;
}

Json to_json(const Rule& rule) {
  const std::string word{word_of(rule.kind)};
  if (rule.kind != Rule::Kind::All && rule.kind != Rule::Kind::Any && rule.kind != Rule::Kind::None) return word;
  Json conditions = Json::array();
  for (const auto& c : rule.conditions) conditions.push_back(condition_to_json(c));
  return {{word, std::move(conditions)}};
}

Rule rule_from_json(const Json& json) {
  if (json.is_string()) return {from_word(rule_words, json.get_ref<const std::string&>()), {}};
  if (!json.is_object() || json.size() != 1) corrupt("a malformed rule");
  Rule rule{from_word(rule_words, json.begin().key()), {}};
  for (const auto& c : json.begin().value()) rule.conditions.push_back(condition_from_json(c));
  return rule;
}

Json to_json(const Command& c) {
  Json json = Json::object();
  if (!c.argv.empty()) json["argv"] = c.argv;
  if (!c.shell.empty()) json["shell"] = c.shell;
  if (!c.env.empty()) json["env"] = c.env;
  if (!c.cwd.empty()) json["cwd"] = c.cwd.string();
  json["kill_after_ms"] = c.kill_after.count();
  json["output_bytes_max"] = c.output_bytes_max;
  return json;
}

Command command_from_json(const Json& json) {
  try {
    Command c;
    c.argv = json.value("argv", std::vector<std::string>{});
    c.shell = json.value("shell", "");
    c.env = json.value("env", std::map<std::string, std::string>{});
    c.cwd = json.value("cwd", "");
    c.kill_after = milliseconds{integer_of<std::int64_t>(json.at("kill_after_ms"))};
    c.output_bytes_max = integer_of<std::size_t>(json.at("output_bytes_max"));
    return c;
  } catch (const Json::exception& e) {
    corrupt(std::string("a malformed command: ") + e.what());
  }
}

Json to_json(const Definition& d) {
  Json json{{"name", d.name}};
  if (!d.description.empty()) json["description"] = d.description;
  if (!d.user_version.empty()) json["version"] = d.user_version;
  if (!d.tags.empty()) json["tags"] = d.tags;
  if (!d.input.empty()) json["input"] = d.input;
  if (d.deadline) json["deadline_ms"] = d.deadline->count();
  Json tasks = Json::array();
  for (const auto& t : d.tasks) tasks.push_back(task_to_json(d, t));
  json["tasks"] = std::move(tasks);
  return json;
}

std::shared_ptr<const Definition> definition_from_text(std::string_view text) {
  try {
    // What is stored is what was hashed: functions of a policy are not in it, and a later program may write other members.
    Definition d = parse(Json::parse(text));
    d.text = text;
    return finish(std::move(d));
  } catch (const Json::exception& e) {
    corrupt(std::string("a malformed member: ") + e.what());
  } catch (const std::logic_error& e) {
    corrupt(std::string("a malformed number: ") + e.what());
  }
}

}  // namespace cloacina::core
