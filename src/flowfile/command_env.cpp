#include "flowfile/command_env.hpp"

#include <algorithm>
#include <string_view>

namespace cloacina::flowfile {

namespace {

constexpr std::string_view context_prefix = "CTX_";

bool is_identifier(std::string_view key) {
  // Not isalpha: the locale of the host program must not decide.
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !key.empty() && !is_digit(key.front()) && std::ranges::all_of(key, [&](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace

Environment context_variables(const Json& context) {
  Environment variables;
  std::size_t total = 0;
  for (const auto& [key, value] : context.items()) {
    if (!is_identifier(key) || !(value.is_string() || value.is_number() || value.is_boolean())) continue;
    std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.size() > context_variable_bytes_max || text.find('\0') != std::string::npos) continue;
    std::string name = std::string(context_prefix) + key;
    const std::size_t bytes = name.size() + text.size() + 2;
    if (total + bytes > context_variables_bytes_max) continue;
    total += bytes;
    variables.emplace(std::move(name), std::move(text));
  }
  return variables;
}

std::vector<std::string> command_environment(const char* const* inherited, const Environment& added, const TaskContext& task,
                                             const Json& context, const std::filesystem::path& output) {
  Environment all;
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    const std::string_view entry = *inherited;
    const std::size_t equals = entry.find('=');
    // The runner may itself be started by a task, of another context.
    if (equals == std::string_view::npos || entry.starts_with(context_prefix)) continue;
    all.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  for (const auto& [name, value] : added) all.insert_or_assign(name, value);
  for (const auto& [name, value] : context_variables(context)) all.insert_or_assign(name, value);
  all.insert_or_assign("CLOACINA_EXECUTION", task.execution().to_string());
  all.insert_or_assign("CLOACINA_WORKFLOW", std::string(task.workflow()));
  all.insert_or_assign("CLOACINA_TASK", std::string(task.task()));
  all.insert_or_assign("CLOACINA_ATTEMPT", std::to_string(task.attempt()));
  all.insert_or_assign("CLOACINA_FENCE", std::to_string(task.fence()));
  all.insert_or_assign("CLOACINA_OUTPUT", output.string());
  std::vector<std::string> entries;
  entries.reserve(all.size());
  for (const auto& [name, value] : all) entries.push_back(name + '=' + value);
  return entries;
}

}  // namespace cloacina::flowfile
