#include "core/deferral.hpp"

#include "core/changes.hpp"
#include "core/json_number.hpp"

namespace cloacina::core {

std::string deferral_to_text(const Deferral& deferral) {
  const auto& w = deferral.waited;
  std::string text = "{\"passed\":" + std::to_string(w.passed) + ",\"deferrals\":" + std::to_string(w.deferrals);
  if (w.since) text += ",\"since\":" + std::to_string(w.since->time_since_epoch().count());
  // Written by hand: what a task has set may be large.
  if (!deferral.changes.empty()) text += ",\"changes\":" + changes_to_text(deferral.changes);
  return text + "}";
}

Deferral deferral_from_text(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  Deferral deferral;
  try {
    deferral.waited.passed = integer_of<int>(json.at("passed"));
    deferral.waited.deferrals = integer_of<int>(json.at("deferrals"));
    if (json.contains("since"))
      deferral.waited.since = Timestamp{std::chrono::microseconds{integer_of<std::int64_t>(json.at("since"))}};
    if (json.contains("changes")) deferral.changes = changes_from_text(json.at("changes").dump());
  } catch (const Json::exception&) {
    throw Error(ErrorCode::Corrupt, "what a waiting task keeps cannot be read");
  }
  return deferral;
}

}  // namespace cloacina::core
