// libFuzzer target: any bytes as one of the short texts that people write: ids, times, durations, names, zones, the URL of a
// database, the mark of a page. The first byte chooses which.
#include <nlohmann/json.hpp>

#include "cloacina/admin.hpp"
#include "cloacina/cron.hpp"
#include "cloacina/id.hpp"
#include "cloacina/time.hpp"
#include "core/text.hpp"
#include "fuzz/require.hpp"
#include "store/memory/database.hpp"
#ifdef CLOACINA_POSTGRES
#include "store/postgres/connection.hpp"
#endif

namespace {

using namespace cloacina;
using fuzz::require;

void read_id(std::string_view text) {
  const auto id = ExecutionId::parse(text);
  require(ExecutionId::parse(id.to_string()) == id);
}

void read_timestamp(std::string_view text) {
  const auto at = parse_timestamp(text);
  require(parse_timestamp(format_timestamp(at)) == at);
}

void read_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  require(duration.count() >= 0 && parse_duration(format_duration(duration)) == duration);
}

void read_tenant(std::string_view text) {
  check_tenant_name(text);
  require(text.size() <= 48 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos);
}

void read_zone(std::string_view text) {
  static const auto database = ZoneDatabase::system();
  require(!database.zone(std::string(text)).name().empty());
}

void read_url(std::string_view text) {
#ifdef CLOACINA_POSTGRES
  const auto target = store::postgres::target_of("postgresql:" + std::string(text), {});
  require(target.shown.find("password") == std::string::npos || text.find("password") != std::string_view::npos);
#else
  (void)text;
#endif
}

void read_page(std::string_view text) {
  static const auto database = store::memory::open();
  static const auto reader = database->reader();
  ListFilter filter;
  filter.page = std::string(text);
  require(reader->list(filter).executions.empty());
}

/// Whatever is quoted can be shown, and is short.
void quote(std::string_view text) {
  const auto quoted = core::quote(text);
  (void)nlohmann::json(quoted).dump();  // throws when it is not UTF-8
  for (const char c : quoted) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  (void)core::nearest(text, {"fetch", "transform", "store"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr void (*readers[])(std::string_view) = {read_id,   read_timestamp, read_duration, read_tenant,
                                                   read_zone, read_url,       read_page,     quote};
  if (size == 0) return 0;
  const auto read = readers[data[0] % std::size(readers)];
  cloacina::fuzz::may_refuse(ErrorCode::InvalidArgument, [&] { read(cloacina::fuzz::text_of(data + 1, size - 1)); });
  return 0;
}
