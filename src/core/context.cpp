#include "cloacina/context.hpp"

#include "core/changes.hpp"
#include "core/text.hpp"

namespace cloacina {

namespace detail {
void throw_context_type(std::string_view key, const Json& value, const char* why) {
  throw Error(ErrorCode::InvalidArgument, "context key " + core::quote(key) + " holds " + value.type_name() + " " +
                                              core::quote(value.dump(-1, ' ', false, Json::error_handler_t::replace)) +
                                              ", not the type asked for: " + why);
}
}  // namespace detail

Context::Context(Json object) {
  if (!object.is_object()) {
    throw Error(ErrorCode::InvalidArgument, std::string("a context is a JSON object, not ") + object.type_name());
  }
  given_ = std::make_shared<const ContextValues>(core::values_of(std::move(object)));
}

const Json* Context::find(std::string_view key) const {
  if (const auto it = changes_.find(key); it != changes_.end()) return it->second.get();
  if (!given_) return nullptr;
  const auto it = given_->find(key);
  return it == given_->end() ? nullptr : it->second.get();
}

const Json& Context::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  std::string known;
  for (const auto& name : keys()) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::NotFound, "the context has no key " + core::quote(key) +
                                       (known.empty() ? "; it is empty" : "; it has: " + known.substr(0, 400)));
}

bool Context::remove(std::string_view key) {
  if (!contains(key)) return false;
  changes_.insert_or_assign(std::string(key), nullptr);
  return true;
}

std::vector<std::string> Context::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : core::applied(given_.get(), changes_)) out.push_back(key);
  return out;
}

std::size_t Context::size() const { return core::applied(given_.get(), changes_).size(); }

Json Context::json() const { return core::json_of(core::applied(given_.get(), changes_)); }

void Context::set_json(std::string_view key, Json value) {
  if (key.empty()) throw Error(ErrorCode::InvalidArgument, "a context key must not be empty");
  changes_.insert_or_assign(std::string(key), std::make_shared<const Json>(std::move(value)));
}

}  // namespace cloacina
