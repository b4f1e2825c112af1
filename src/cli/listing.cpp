#include "cli/listing.hpp"

#include <utility>

#include "cli/cron_words.hpp"
#include "cli/schedule_words.hpp"

namespace cloacina::cli {

namespace {

/// Between two instants that are neighbours.
constexpr std::chrono::microseconds tick{1};
constexpr std::size_t instant_columns = 20;

}  // namespace

Listing::Listing(Stream& out, const CronRule& rule, Options options)
    : out_(out), rule_(rule), options_(std::move(options)), remarks_(options_.local || (out_.terminal() && !options_.json)) {}

void Listing::occurrence(Timestamp at) {
  if (options_.json) {
    OrderedJson json = OrderedJson::object();
    if (!options_.schedule.empty()) json["schedule"] = options_.schedule;
    json.update(to_json(rule_, at));
    out_.line(line(json));
    return;
  }
  std::string text = instant(at);
  if (options_.local) text += "  " + rule_.zone.format(at);
  if (options_.now) text += "  " + out_.paint(Color::Dim, relative(at, *options_.now));
  if (remarks_) {
    if (const auto remark = remark_on(rule_, at); !remark.empty()) text += "  " + out_.paint(Color::Yellow, remark);
  }
  out_.line(text);
}

void Listing::skipped(Timestamp after, Timestamp through) {
  if (!remarks_) return;
  for (const auto& times : rule_.suppressed(after + tick, through + tick)) {
    if (options_.json) {
      out_.line(line(to_json(times)));
      continue;
    }
    const std::string when = local_time(rule_, times);
    const std::size_t columns = options_.local ? instant_columns + 5 : 0;
    out_.line("skipped" + std::string(instant_columns - 7 + 2, ' ') + when +
              std::string(columns > when.size() ? columns - when.size() : 0, ' ') + "  " +
              out_.paint(Color::Yellow, remark_on(rule_, times)));
  }
}

}  // namespace cloacina::cli
