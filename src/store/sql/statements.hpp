#pragma once

#include <map>
#include <string_view>

namespace cloacina::store::sql {

/// The statements of the embedded files that begin with `file`, and those that all backends share, by what stands behind `-- name:
/// `. *Throws* Error{Internal} when two have one name.
[[nodiscard]] std::map<std::string_view, std::string_view> parse_statements(std::string_view file);

}  // namespace cloacina::store::sql
