#include "cloacina/time_zone.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cron/zone_data.hpp"

namespace cloacina {

TimeZone::TimeZone() : data_(cron::make_utc()) {}
TimeZone::TimeZone(std::shared_ptr<const cron::ZoneData> data) : data_(std::move(data)) {}

const std::string& TimeZone::name() const noexcept { return data_->name; }

std::chrono::seconds TimeZone::offset_at(Timestamp at) const noexcept {
  const auto second = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return std::chrono::seconds{data_->pieces[data_->piece_at(second)].offset};
}

std::chrono::local_seconds TimeZone::local(Timestamp at) const noexcept {
  return std::chrono::local_seconds{std::chrono::floor<std::chrono::seconds>(at).time_since_epoch() + offset_at(at)};
}

std::string TimeZone::format(Timestamp at) const {
  const auto offset = static_cast<int>(offset_at(at).count());
  const auto seconds = local(at).time_since_epoch().count();
  const auto day = cron::floor_div(seconds, cron::day_seconds);
  const auto time = static_cast<int>(seconds - day * cron::day_seconds);
  const cron::Date date = cron::date_of(day);
  const int size = std::abs(offset);
  char text[64];
  int length = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", date.year, date.month, date.day,
                             time / 3600, time / 60 % 60, time % 60, offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  std::string result(text, static_cast<std::size_t>(length));
  if (size % 60 != 0) {
    length = std::snprintf(text, sizeof text, ":%02d", size % 60);
    result.append(text, static_cast<std::size_t>(length));
  }
  return result;
}

bool operator==(const TimeZone& a, const TimeZone& b) noexcept {
  return a.data_ == b.data_ || (a.data_->name == b.data_->name && a.data_->offsets == b.data_->offsets);
}

}  // namespace cloacina
