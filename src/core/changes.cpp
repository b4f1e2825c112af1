#include "core/changes.hpp"

#include "core/text.hpp"

namespace cloacina::core {

ContextValues values_of(Json object) {
  ContextValues out;
  for (auto& [key, value] : object.get_ref<Json::object_t&>()) {
    out.emplace_hint(out.end(), key, std::make_shared<const Json>(std::move(value)));
  }
  return out;
}

Json json_of(const ContextValues& values) {
  Json out = Json::object();
  for (const auto& [key, value] : values) {
    if (value) out.emplace(key, *value);
  }
  return out;
}

ContextValues applied(const ContextValues* given, const ContextValues& changes) {
  ContextValues out;
  if (given != nullptr) out = *given;
  for (const auto& [key, value] : changes) {
    if (value) {
      out.insert_or_assign(key, value);
    } else {
      out.erase(key);
    }
  }
  return out;
}

std::string changes_to_text(const ContextValues& changes) {
  if (changes.empty()) return {};
  // Written by hand, so that large values are not copied into a temporary object.
  std::string set;
  Json removed = Json::array();
  for (const auto& [key, value] : changes) {
    if (value) {
      try {
        set += (set.empty() ? "" : ",") + Json(key).dump() + ':' + value->dump();
      } catch (const Json::exception& e) {
        throw Error(ErrorCode::InvalidArgument, "context key " + quote(key) + " cannot be stored: " + e.what());
      }
    } else {
      removed.push_back(key);
    }
  }
  std::string out = "{";
  if (!removed.empty()) out += "\"removed\":" + removed.dump();
  if (!set.empty()) out += (removed.empty() ? "\"set\":{" : ",\"set\":{") + set + "}";
  return out + "}";
}

namespace {
Json parse_stored(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error(ErrorCode::Corrupt, "a stored context is no JSON object");
  return json;
}
}  // namespace

ContextValues changes_from_text(std::string_view text) {
  if (text.empty()) return {};
  Json json = parse_stored(text);
  ContextValues out;
  if (const auto set = json.find("set"); set != json.end()) {
    if (!set->is_object()) throw Error(ErrorCode::Corrupt, "stored changes of a context are malformed");
    out = values_of(std::move(*set));
  }
  if (const auto removed = json.find("removed"); removed != json.end()) {
    for (const auto& key : *removed) {
      if (!key.is_string()) throw Error(ErrorCode::Corrupt, "stored changes of a context are malformed");
      out.insert_or_assign(key.get<std::string>(), nullptr);
    }
  }
  return out;
}

ContextValues values_from_text(std::string_view text) { return values_of(parse_stored(text)); }

}  // namespace cloacina::core
