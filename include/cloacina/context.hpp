#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloacina/error.hpp"
#include "cloacina/export.hpp"

namespace cloacina {

/// The one third-party type in the public interface.
using Json = nlohmann::json;

/// Values are shared, never changed: handing a large value on costs a pointer.
using ContextValues = std::map<std::string, std::shared_ptr<const Json>, std::less<>>;

namespace detail {
[[noreturn]] CLOACINA_API void throw_context_type(std::string_view key, const Json& value, const char* why);
}  // namespace detail

/// The JSON object that flows along the dependencies of a workflow: what a task was given, and what it changes.
///
/// A task's context is the execution's input with the changes of its ancestors applied. Setting or removing a key is recorded as a
/// change; a key that is only read costs nothing. A value type; one object is not for several threads at once.
class CLOACINA_API Context {
 public:
  Context() = default;
  /// Starts from `object`. *Throws* Error{InvalidArgument} unless it is a JSON object.
  explicit Context(Json object);
  /// Starts from shared values, for the engine's own use.
  explicit Context(std::shared_ptr<const ContextValues> given) : given_(std::move(given)) {}

  /// The value of `key` as T, through the type's `from_json`. *Throws* Error{NotFound} that lists the keys there are, or
  /// Error{InvalidArgument} that names the key, what it holds and why that is no T.
  template <class T>
  [[nodiscard]] T get(std::string_view key) const {
    return convert<T>(key, at(key));
  }
  /// As `get`, or `fallback` where the key is absent. A value of another type still throws.
  template <class T>
  [[nodiscard]] T get_or(std::string_view key, T fallback) const {
    const Json* value = find(key);
    return value == nullptr ? std::move(fallback) : convert<T>(key, *value);
  }
  /// The value of `key` or nullptr. Valid until the key is set or removed.
  [[nodiscard]] const Json* find(std::string_view key) const;
  /// The value of `key`. *Throws* Error{NotFound}.
  [[nodiscard]] const Json& at(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }

  /// Sets `key`, whether or not it was there, through the type's `to_json`. *Throws* Error{InvalidArgument} for an empty key. A
  /// text that is not UTF-8 fails the attempt when its outcome is recorded.
  template <class T>
  void set(std::string_view key, T&& value) {
    set_json(key, Json(std::forward<T>(value)));
  }
  /// Removes `key`; false when it was not there.
  bool remove(std::string_view key);

  [[nodiscard]] std::vector<std::string> keys() const;  ///< sorted
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Json json() const;  ///< a copy of the whole, as one object

  /// What was set (a value) or removed (null pointer) since the context was given.
  [[nodiscard]] const ContextValues& changes() const noexcept { return changes_; }

 private:
  template <class T>
  static T convert(std::string_view key, const Json& value) {
    try {
      return value.get<T>();
    } catch (const Json::exception& e) {
      detail::throw_context_type(key, value, e.what());
    }
  }
  void set_json(std::string_view key, Json value);

  std::shared_ptr<const ContextValues> given_;
  ContextValues changes_;
};

}  // namespace cloacina
