#include "core/tenant_name.hpp"

#include <algorithm>
#include <array>

#include "cloacina/error.hpp"
#include "core/text.hpp"

namespace cloacina::core {

namespace {

constexpr std::size_t tenant_name_bytes_max = 48;  // with `cloacina_` before it still a name of PostgreSQL, which has 63
constexpr std::array<std::string_view, 3> taken{"public", "information_schema", "cloacina"};

std::string_view fault_of(std::string_view name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_other = [](char c) { return (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty()) return "it is empty";
  if (name.size() > tenant_name_bytes_max) return "it is longer than 48 bytes";
  if (!is_letter(name.front())) return "it does not begin with a lower-case letter";
  if (!std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_other(c); })) {
    return "it has a character that is neither a lower-case letter nor a digit nor '_'";
  }
  if (name.starts_with("pg_") || std::find(taken.begin(), taken.end(), name) != taken.end())
    return "it is a name of the database's own";
  return {};
}

}  // namespace

void check_tenant_name(std::string_view name) {
  const auto fault = fault_of(name);
  if (fault.empty()) return;
  throw Error(ErrorCode::InvalidArgument, "tenant " + quote(name.substr(0, 2 * tenant_name_bytes_max)) + ": " + std::string(fault) +
                                              "; write 1 to 48 lower-case letters, digits and '_', a letter first, as in acme_eu");
}

}  // namespace cloacina::core
