#include "store/sql/statements.hpp"

#include "cloacina/error.hpp"
#include "store/sql/session.hpp"
#include "store/sql_files.hpp"

namespace cloacina::store::sql {

std::map<std::string_view, std::string_view> parse_statements(std::string_view file) {
  std::map<std::string_view, std::string_view> out;
  constexpr std::string_view mark = "-- name: ";
  for (const auto& sql : sql_files()) {
    if (!sql.name.starts_with(file) && !sql.name.starts_with("sql/statements")) continue;
    for (std::size_t at = sql.text.find(mark); at != std::string_view::npos;) {
      const std::size_t line_end = sql.text.find('\n', at);
      const std::size_t next = sql.text.find(mark, line_end);
      const auto name = sql.text.substr(at + mark.size(), line_end - at - mark.size());
      if (!out.emplace(name, sql.text.substr(line_end, next == std::string_view::npos ? next : next - line_end)).second) {
        throw Error(ErrorCode::Internal, "two SQL statements have the name '" + std::string(name) + "'");
      }
      at = next;
    }
  }
  return out;
}

ExecutionId id_of(std::string_view bytes) {
  std::array<std::uint8_t, 16> id{};
  std::copy_n(bytes.begin(), std::min<std::size_t>(bytes.size(), 16), id.begin());
  return ExecutionId{id};
}

}  // namespace cloacina::store::sql
