#include "flowfile/yaml_scalar.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace cloacina::flowfile {

namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool all(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_sign(std::string_view text) { return text.starts_with('+') || text.starts_with('-'); }

std::size_t digits(std::string_view text) { return std::min(text.find_first_not_of("0123456789"), text.size()); }

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_decimal_float(std::string_view text) {
  if (is_sign(text)) text.remove_prefix(1);
  const std::size_t whole = digits(text);
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = digits(text);
    if (whole == 0 && fraction == 0) return false;
    text.remove_prefix(fraction);
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (!text.starts_with('e') && !text.starts_with('E')) return false;
  text.remove_prefix(1);
  if (is_sign(text)) text.remove_prefix(1);
  return !text.empty() && digits(text) == text.size();
}

bool is_special_float(std::string_view text) {
  if (one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  if (is_sign(text)) text.remove_prefix(1);
  return one_of(text, {".inf", ".Inf", ".INF"});
}

std::optional<Json> integer_json(std::string_view text) {
  int base = 10;
  bool negative = false;
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    text.remove_prefix(2);
  } else if (is_sign(text)) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!negative) return value <= most ? Json(static_cast<std::int64_t>(value)) : Json(value);
  if (value > most + 1) return std::nullopt;
  return Json(static_cast<std::int64_t>(0 - value));
}

std::optional<Json> float_json(std::string_view text) {
  if (is_special_float(text)) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  // from_chars wants a digit before the point.
  std::string digits_first(text);
  const std::size_t start = digits_first.starts_with('-') ? 1 : 0;
  if (digits_first.compare(start, 1, ".") == 0) digits_first.insert(start, 1, '0');
  double value = 0;
  const char* end_of_text = digits_first.data() + digits_first.size();
  const auto [end, error] = std::from_chars(digits_first.data(), end_of_text, value);
  if (error != std::errc{} || end != end_of_text) return std::nullopt;
  return Json(value);
}

}  // namespace

ScalarKind scalar_kind(std::string_view plain) {
  if (one_of(plain, {"", "~", "null", "Null", "NULL"})) return ScalarKind::Null;
  if (one_of(plain, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarKind::Bool;
  const auto unsigned_part = is_sign(plain) ? plain.substr(1) : plain;
  if (all(unsigned_part, "0123456789")) return ScalarKind::Int;
  if (plain.starts_with("0o") && all(plain.substr(2), "01234567")) return ScalarKind::Int;
  if (plain.starts_with("0x") && all(plain.substr(2), "0123456789abcdefABCDEF")) return ScalarKind::Int;
  if (is_decimal_float(plain) || is_special_float(plain)) return ScalarKind::Float;
  return ScalarKind::Text;
}

std::optional<Json> scalar_json(std::string_view plain) {
  switch (scalar_kind(plain)) {
    case ScalarKind::Bool:
      return Json(plain[0] == 't' || plain[0] == 'T');
    case ScalarKind::Int:
      return integer_json(plain);
    case ScalarKind::Float:
      return float_json(plain);
    case ScalarKind::Null:
    case ScalarKind::Text:
      break;
  }
  return std::nullopt;
}

}  // namespace cloacina::flowfile
