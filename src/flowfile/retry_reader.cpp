#include "flowfile/retry_reader.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "core/text.hpp"
#include "flowfile/fields.hpp"

namespace cloacina::flowfile {

namespace {

constexpr std::int64_t attempts_max = 1'000'000;

std::optional<RetryCondition> read_on(Problems& problems, const Node& node) {
  constexpr std::string_view exit = "exit:";
  constexpr std::string_view text = "text:";
  const std::vector<std::string> words{"any", "timeout", "signal", "exit:N", "text:PART"};
  if (node.kind != Node::Kind::Text) {
    report_type(problems, node, "on",
                node.kind == Node::Kind::Map ? "a text: write \"exit:75\" or \"text:PART\" in quotes"
                                             : "one of any, timeout, signal, \"exit:N\", \"text:PART\"");
    return std::nullopt;
  }
  if (node.text == "any") return retry_on::any();
  if (node.text == "timeout") return retry_on::timeout();
  if (node.text == "signal") return retry_on::signal();
  if (node.text.starts_with(exit)) {
    const auto number = std::string_view(node.text).substr(exit.size());
    int status = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), status);
    if (error == std::errc{} && end == number.data() + number.size() && status >= 1 && status <= 255) return retry_on::exit(status);
    problems.add(node.at, "on: " + core::quote(node.text) + ": the exit status of a failure is a number from 1 to 255");
    return std::nullopt;
  }
  if (node.text.starts_with(text)) {
    if (node.text.size() > text.size()) return retry_on::text(node.text.substr(text.size()));
    problems.add(node.at, "on: 'text:' needs the part to look for behind the colon");
    return std::nullopt;
  }
  report_word(problems, node.at, "on", node.text, words);
  return std::nullopt;
}

std::vector<RetryCondition> read_conditions(Problems& problems, const Node& node) {
  std::vector<RetryCondition> out;
  if (node.kind != Node::Kind::List) {
    if (auto condition = read_on(problems, node)) out.push_back(std::move(*condition));
    return out;
  }
  if (node.items.empty()) problems.add(node.at, "on needs at least one condition; leave it out to retry every failure");
  for (const Node* item : node.items) {
    if (auto condition = read_on(problems, *item)) out.push_back(std::move(*condition));
  }
  return out;
}

}  // namespace

std::optional<RetryPolicy> read_retry(Problems& problems, const Node& node) {
  using std::chrono::milliseconds;
  const std::size_t before = problems.size();
  const Fields fields(problems, node, "retry", {"max_attempts", "initial_delay", "factor", "max_delay", "jitter", "backoff", "on"});
  RetryPolicy policy;
  if (const Node* n = fields.find("max_attempts")) {
    policy.max_attempts = static_cast<int>(read_integer(problems, *n, "max_attempts", {1, attempts_max}).value_or(1));
  }
  if (const Node* n = fields.find("initial_delay")) {
    policy.initial_delay = read_duration(problems, *n, "initial_delay", milliseconds{0}).value_or(milliseconds{0});
  }
  if (const Node* n = fields.find("factor")) policy.factor = read_number(problems, *n, "factor", {1.0, 1000.0}).value_or(1.0);
  if (const Node* n = fields.find("max_delay")) {
    policy.max_delay = read_duration(problems, *n, "max_delay", milliseconds{0}).value_or(milliseconds::max());
  }
  if (const Node* n = fields.find("jitter")) policy.jitter = read_number(problems, *n, "jitter", {0.0, 1.0}).value_or(0.0);
  if (const Node* n = fields.find("backoff")) {
    const Words<Backoff> words{{"exponential", Backoff::Exponential}, {"linear", Backoff::Linear}};
    policy.backoff = read_word(problems, *n, "backoff", words).value_or(Backoff::Exponential);
  }
  if (const Node* n = fields.find("on")) policy.on = read_conditions(problems, *n);
  if (policy.max_delay < policy.initial_delay) {
    const bool given = fields.find("max_delay") != nullptr;
    problems.add(fields.position(given ? "max_delay" : "initial_delay"),
                 "max_delay (" + format_duration(policy.max_delay) + (given ? "" : " when it is not given") +
                     ") must be at least initial_delay (" + format_duration(policy.initial_delay) + ")");
  }
  if (problems.size() != before) return std::nullopt;
  return policy;
}

}  // namespace cloacina::flowfile
