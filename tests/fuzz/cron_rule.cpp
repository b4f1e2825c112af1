// libFuzzer target: (zone, policies, instant, expression). Eleven bytes choose the zone, the policies and the instant; the rest is
// the expression in the extended dialect.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"

namespace {

std::vector<cloacina::TimeZone> all_zones() {
  const auto database = cloacina::ZoneDatabase::system();
  std::vector<cloacina::TimeZone> zones;
  for (const auto& name : database.names()) zones.push_back(database.zone(name));
  return zones;
}

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloacina;
  constexpr std::size_t head = 11;
  static const std::vector<TimeZone> zones = all_zones();
  if (size <= head) return 0;
  std::int64_t second = 0;
  for (std::size_t i = 0; i < 5; ++i) second = second << 8 | data[i];
  second %= 7'300'000'000;  // to 2201
  std::size_t zone = static_cast<std::size_t>(data[5]) << 8 | data[6];
  const std::string_view text(reinterpret_cast<const char*>(data) + head, size - head);
  try {
    const CronRule rule{.expression = CronExpression::parse(text, Dialect::Extended, "fuzz"),
                        .zone = zones[zone % zones.size()],
                        .gap = static_cast<GapPolicy>(data[7] % 3),
                        .overlap = static_cast<OverlapPolicy>(data[8] % 4)};
    const Timestamp at{std::chrono::seconds{second} + std::chrono::microseconds{(data[9] << 8 | data[10]) * 15}};
    const auto next = rule.next(at);
    const auto previous = rule.previous(at);
    require(!next || *next > at);
    require(!previous || *previous < at);
    const std::chrono::microseconds tick{1};
    if (next) {
      require(rule.next(*next - tick) == next);
      require(rule.previous(*next + tick) == next);
      require(rule.count(at + tick, *next + tick) == 1);
    }
    if (previous) {
      require(rule.next(*previous - tick) == previous);
      require(rule.count(*previous, at) == 1);
    }
  } catch (const Error& error) {
    require(error.code() == ErrorCode::InvalidArgument);
  }
  return 0;
}
