#include <array>
#include <utility>

#include "cloacina/error.hpp"
#include "cron/fields.hpp"

namespace cloacina {

namespace cron {
namespace {

constexpr std::size_t expression_bytes_max = 4096;
constexpr std::chrono::milliseconds every_min = std::chrono::seconds{1};
constexpr std::chrono::milliseconds every_max = std::chrono::days{36'525};

struct Token {
  std::string_view text;
  std::size_t position;  // 1-based
};

[[noreturn]] void refuse(std::string_view whole, std::string_view problem) {
  throw ExpressionError({"cron expression " + quoted(whole) + ": " + std::string(problem), "", 0, 0});
}

/// `problem` is what to say after `position N: found 'word'`.
[[noreturn]] void refuse(std::string_view whole, const Token& word, std::string_view problem) {
  throw ExpressionError({"cron expression " + quoted(whole) + ": position " + std::to_string(word.position) + ": found " +
                             quoted(word.text) + std::string(problem),
                         "", word.position, word.text.size()});
}

std::vector<Token> split(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    tokens.push_back({text.substr(at, end - at), at + 1});
    at = end;
  }
  return tokens;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> nicknames{{{"@yearly", "0 0 1 1 *"},
                                                                                  {"@annually", "0 0 1 1 *"},
                                                                                  {"@monthly", "0 0 1 * *"},
                                                                                  {"@weekly", "0 0 * * 0"},
                                                                                  {"@daily", "0 0 * * *"},
                                                                                  {"@midnight", "0 0 * * *"},
                                                                                  {"@hourly", "0 * * * *"}}};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

[[noreturn]] void refuse_nickname(std::string_view whole, const Token& word) {
  const std::string small = lower(word.text);
  const std::string problem = ", which is no nickname; ";
  for (const std::string_view known :
       {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@reboot", "@every"}) {
    if (small == known) refuse(whole, word, problem + "nicknames are lower case: write " + std::string(known));
  }
  refuse(whole, word, problem + "write one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @reboot");
}

std::chrono::milliseconds parse_every(const Compiled& compiled, const std::vector<Token>& tokens) {
  const std::string_view whole = compiled.text;
  if (compiled.dialect != Dialect::Extended) {
    refuse(whole, tokens[0], ", which needs the extended dialect");
  }
  if (tokens.size() != 2) refuse(whole, "'@every' takes one duration; write for example @every 90s or @every 1h30m");
  std::chrono::milliseconds value{};
  try {
    value = parse_duration(tokens[1].text);
  } catch (const Error&) {
    refuse(whole, tokens[1], " where a duration belongs; write for example @every 90s or @every 1h30m");
  }
  if (value < every_min || value > every_max) {
    refuse(whole, tokens[1], "; an interval is at least 1s and at most 36525d");
  }
  return value;
}

bool is_interval(const Field& field) {
  for (const Item& item : field.items) {
    if (item.kind == Item::Kind::Any || item.kind == Item::Kind::Range) return true;
  }
  return false;
}

void parse_fields(Compiled& compiled, const std::vector<Token>& tokens, std::string_view name) {
  if (tokens.size() < 5 || tokens.size() > 7) {
    refuse(compiled.text,
           "found " + std::to_string(tokens.size()) + (tokens.size() == 1 ? " field" : " fields") +
               "; write 5 (minute hour day-of-month month day-of-week), 6 (a second before them) or 7 (and a year after them)");
  }
  compiled.has_second = tokens.size() >= 6;
  compiled.has_year = tokens.size() == 7;
  const std::size_t offset = compiled.has_second ? 0 : 1;
  compiled.fields[0].items = {{.kind = Item::Kind::Value, .first = 0}};
  compiled.fields[6].items = {{.kind = Item::Kind::Any}};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    compiled.fields[i + offset] = parse_field({.field = static_cast<FieldId>(i + offset),
                                               .text = tokens[i].text,
                                               .position = tokens[i].position,
                                               .whole = compiled.text,
                                               .dialect = compiled.dialect,
                                               .name = name});
  }
  for (const FieldId id : {FieldId::Second, FieldId::Minute, FieldId::Hour}) {
    if (is_interval(compiled.field(id))) compiled.interval_like = true;
  }
  compiled.matcher = make_matcher(compiled);
}

void parse_nickname(Compiled& compiled, const std::vector<Token>& tokens) {
  const Token& word = tokens.front();
  if (word.text == "@every") {
    compiled.every = parse_every(compiled, tokens);
    return;
  }
  const bool reboot = word.text == "@reboot";
  std::string_view fields;
  for (const auto& [nickname, expansion] : nicknames) {
    if (word.text == nickname) fields = expansion;
  }
  if (!reboot && fields.empty()) refuse_nickname(compiled.text, word);
  if (tokens.size() != 1) {
    refuse(compiled.text, tokens[1], " after " + quoted(word.text) + "; a nickname stands alone");
  }
  compiled.reboot = reboot;
  if (!reboot) parse_fields(compiled, split(fields), {});
}

}  // namespace
}  // namespace cron

CronExpression::CronExpression(std::shared_ptr<const cron::Compiled> compiled) : compiled_(std::move(compiled)) {}

CronExpression CronExpression::parse(std::string_view text, Dialect dialect, std::string_view name) {
  using namespace cron;
  if (text.size() > expression_bytes_max) {
    refuse(text, "it has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(expression_bytes_max) + " are read");
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < ' ' && byte != '\t') || byte > '~') {
      refuse(text, Token{text.substr(i, 1), i + 1},
             "; fields are separated by spaces or tabs and contain letters, digits and *,-/?#+");
    }
  }
  const auto tokens = split(text);
  if (tokens.empty()) refuse(text, "it is empty; write for example 0 2 * * * (every day at 02:00)");

  auto compiled = std::make_shared<Compiled>();
  compiled->text = text;
  compiled->dialect = dialect;
  if (tokens.front().text.front() == '@') {
    parse_nickname(*compiled, tokens);
  } else {
    parse_fields(*compiled, tokens, name);
  }
  return CronExpression(std::move(compiled));
}

std::optional<CronProblem> CronExpression::check(std::string_view text, Dialect dialect, std::string_view name) {
  try {
    (void)parse(text, dialect, name);
    return std::nullopt;
  } catch (const cron::ExpressionError& error) {
    return error.problem();
  }
}

const std::string& CronExpression::text() const noexcept { return compiled_->text; }
Dialect CronExpression::dialect() const noexcept { return compiled_->dialect; }
bool CronExpression::is_reboot() const noexcept { return compiled_->reboot; }
std::optional<std::chrono::milliseconds> CronExpression::every() const noexcept { return compiled_->every; }
bool CronExpression::is_interval_like() const noexcept { return compiled_->interval_like; }
bool CronExpression::has_year() const noexcept { return compiled_->has_year; }
bool CronExpression::is_impossible() const noexcept {
  return !compiled_->reboot && !compiled_->every && compiled_->matcher.impossible;
}

}  // namespace cloacina
