#include "core/deferral.hpp"

#include "core/changes.hpp"

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
    deferral.waited.passed = json.at("passed").get<int>();
    deferral.waited.deferrals = json.at("deferrals").get<int>();
    if (json.contains("since")) deferral.waited.since = Timestamp{std::chrono::microseconds{json.at("since").get<std::int64_t>()}};
    if (json.contains("changes")) deferral.changes = changes_from_text(json.at("changes").dump());
  } catch (const Json::exception&) {
    throw Error(ErrorCode::Corrupt, "what a waiting task keeps cannot be read");
  }
  return deferral;
}

}  // namespace cloacina::core
