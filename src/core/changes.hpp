#pragma once

#include <string>
#include <string_view>

#include "cloacina/context.hpp"

namespace cloacina::core {

/// The members of a JSON object as shared values. *Requires* an object.
[[nodiscard]] ContextValues values_of(Json object);
/// The other way round; removed keys (null pointers) are left out.
[[nodiscard]] Json json_of(const ContextValues& values);
/// `given` (may be null) with `changes` applied: set keys replaced, removed keys gone.
[[nodiscard]] ContextValues applied(const ContextValues* given, const ContextValues& changes);

/// The stored form of what a task changed: `{"set":{…},"removed":[…]}`, members left out when empty; "" when nothing changed.
/// *Throws* Error{InvalidArgument} that names a key whose text is not UTF-8.
[[nodiscard]] std::string changes_to_text(const ContextValues& changes);
/// *Throws* Error{Corrupt}.
[[nodiscard]] ContextValues changes_from_text(std::string_view text);
/// A stored JSON object. *Throws* Error{Corrupt}.
[[nodiscard]] ContextValues values_from_text(std::string_view text);

}  // namespace cloacina::core
