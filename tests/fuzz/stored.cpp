// libFuzzer target: any bytes as one of the texts that are kept in a database. The first byte chooses which.
#include "cloacina/cron.hpp"
#include "core/changes.hpp"
#include "core/deferral.hpp"
#include "core/definition.hpp"
#include "cron/schedule_json.hpp"
#include "fuzz/require.hpp"

namespace {

using cloacina::Timestamp;
using cloacina::fuzz::require;
namespace core = cloacina::core;
namespace cron = cloacina::cron;

/// What was read is written as a text that means the same.
void read_definition(std::string_view text) {
  const auto written = core::to_json(*core::definition_from_text(text)).dump();
  require(core::to_json(*core::definition_from_text(written)).dump() == written);
}

void read_schedule(std::string_view text) {
  const auto schedule = cron::schedule_from_text(text);
  const auto written = cron::to_text(schedule);
  require(cron::to_text(cron::schedule_from_text(written)) == written);
  cloacina::fuzz::may_refuse(cloacina::ErrorCode::InvalidArgument, [&] {
    const auto rule = cron::make_rule(schedule, Timestamp{});
    (void)cron::next_run_at(rule, cron::first_cursor(rule, Timestamp{}));
  });
}

void read_cursor(std::string_view text) {
  const auto written = cron::to_text(cron::cursor_from_text(text));
  require(cron::to_text(cron::cursor_from_text(written)) == written);
}

void read_deferral(std::string_view text) {
  const auto written = core::deferral_to_text(core::deferral_from_text(text));
  require(core::deferral_to_text(core::deferral_from_text(written)) == written);
}

void read_changes(std::string_view text) {
  const auto written = core::changes_to_text(core::changes_from_text(text));
  require(core::changes_to_text(core::changes_from_text(written)) == written);
}

void read_values(std::string_view text) { (void)core::json_of(core::values_from_text(text)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr void (*readers[])(std::string_view) = {read_definition, read_schedule, read_cursor,
                                                   read_deferral,   read_changes,  read_values};
  if (size == 0) return 0;
  const auto read = readers[data[0] % std::size(readers)];
  cloacina::fuzz::may_refuse(cloacina::ErrorCode::Corrupt, [&] { read(cloacina::fuzz::text_of(data + 1, size - 1)); });
  return 0;
}
