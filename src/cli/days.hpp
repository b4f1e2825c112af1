#pragma once

#include <chrono>
#include <string>

#include "cloacina/time_zone.hpp"

/// Days of a time zone, and how they are put into words for people.
namespace cloacina::cli {

/// `2026-03-29`, `02:30`, `02:30:15` when the seconds are not zero.
[[nodiscard]] std::string day_text(std::chrono::local_days day);
[[nodiscard]] std::string clock_text(std::chrono::local_seconds at);
/// `Sunday, 29 March 2026`.
[[nodiscard]] std::string long_day_text(std::chrono::local_days day);

/// The first instant at which the zone's wall clock shows `day`.
[[nodiscard]] Timestamp begin_of(const TimeZone& zone, std::chrono::local_days day);

}  // namespace cloacina::cli
