#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cloacina::cron {

/// Whether `name` can be a zone: components of letters, digits, `_`, `+`, `-`; not `localtime`, `posixrules`, `posix/…`, `right/…`.
[[nodiscard]] bool is_zone_name(std::string_view name) noexcept;

/// The one of `names` that was probably meant by `wrong`, or empty.
[[nodiscard]] std::string likely_zone(std::string_view wrong, const std::vector<std::string>& names);

/// What to write instead of a name that is an offset ("UTC+2", "+02:00"), or empty.
[[nodiscard]] std::string zone_for_offset(std::string_view wrong);

}  // namespace cloacina::cron
