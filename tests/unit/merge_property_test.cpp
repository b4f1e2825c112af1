// The merge against an oracle that reads the rules of the design one by one, over random graphs and changes.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "unit/merge_help.hpp"

namespace cloacina::core {
namespace {

struct Case {
  std::vector<std::vector<Position>> after;
  Json input;
  std::vector<Json> changes;  // null: the task failed or was skipped
  std::vector<Position> heads;
};

Json random_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 6 : 4)) {
    case 0:
      return *rc::gen::inRange(-2, 3);
    case 1:
      return *rc::gen::element<std::string>("a", "b");
    case 2:
      return *rc::gen::element<Json>(nullptr, true, 1.5);
    case 3:
      return *rc::gen::inRange(0, 3);
    case 4: {
      Json list = Json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) list.push_back(random_value(depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) object[*rc::gen::element<std::string>("p", "q")] = random_value(depth - 1);
      return object;
    }
  }
}

Case random_case() {
  Case c;
  c.input = Json::object();
  for (const char* key : {"k", "l"}) {
    if (*rc::gen::arbitrary<bool>()) c.input[key] = random_value(1);
  }
  const auto n = static_cast<Position>(*rc::gen::inRange(1, 9));
  for (Position t = 0; t < n; ++t) {
    std::vector<Position> after;
    for (Position p = 0; p < t; ++p) {
      if (*rc::gen::inRange(0, 3) == 0) after.insert(*rc::gen::arbitrary<bool>() ? after.begin() : after.end(), p);
    }
    c.after.push_back(after);
    Json changes = nullptr;
    if (*rc::gen::inRange(0, 5) != 0) {
      changes = Json::object();
      for (const char* key : {"k", "l", "m"}) {
        const int what = *rc::gen::inRange(0, 4);
        if (what == 0) changes[key] = "-";
        if (what > 1) changes[key] = random_value(2);
      }
    }
    c.changes.push_back(changes);
  }
  for (Position t = 0; t < n; ++t) {
    if (*rc::gen::arbitrary<bool>()) c.heads.insert(*rc::gen::arbitrary<bool>() ? c.heads.begin() : c.heads.end(), t);
  }
  return c;
}

/// Two values that had not seen each other, read from the rule.
Json together(const Json& earlier, const Json& later) {
  if (earlier.is_array() && later.is_array()) {
    Json out = earlier;
    for (const auto& element : later) {
      if (std::find(out.begin(), out.end(), element) == out.end()) out.push_back(element);
    }
    return out;
  }
  if (earlier.is_object() && later.is_object()) {
    Json out = earlier;
    for (const auto& [key, value] : later.items()) out[key] = earlier.contains(key) ? together(earlier[key], value) : value;
    return out;
  }
  return later;
}

Json oracle(const Case& c) {
  const std::size_t n = c.after.size();
  std::vector<std::set<Position>> above(n);  // the full closure: what each task had seen
  for (Position t = 0; t < n; ++t) {
    for (const Position p : c.after[t]) {
      above[t].insert(p);
      above[t].insert(above[p].begin(), above[p].end());
    }
  }
  std::vector<Position> order;  // heads and ancestors, dependencies first, as declared
  const std::function<void(Position)> visit = [&](Position t) {
    if (std::find(order.begin(), order.end(), t) != order.end()) return;
    for (const Position p : c.after[t]) visit(p);
    order.push_back(t);
  };
  for (const Position head : c.heads) visit(head);

  Json out = c.input;
  for (const std::string key : {"k", "l", "m"}) {
    std::vector<Position> changed;
    for (const Position t : order) {
      if (c.changes[t].is_object() && c.changes[t].contains(key)) changed.push_back(t);
    }
    if (changed.empty()) continue;
    out.erase(key);
    for (const Position t : changed) {
      const bool replaced = std::any_of(changed.begin(), changed.end(), [&](Position other) { return above[other].contains(t); });
      const Json& value = c.changes[t][key];
      if (replaced || value == "-") continue;
      out[key] = out.contains(key) ? together(out[key], value) : value;
    }
  }
  return out;
}

RC_GTEST_PROP(MergeProperty, IsWhatTheRulesSay, ()) {
  const Case c = random_case();
  ChangesByTask changes;
  for (Position t = 0; t < c.changes.size(); ++t) {
    if (c.changes[t].is_object()) changes.emplace(t, test::changes(c.changes[t]));
  }
  const Json found = json_of(merge(*test::graph(c.after), values_of(c.input), c.heads, changes));
  if (found != oracle(c)) {
    RC_LOG() << Json(c.after).dump() << " heads " << Json(c.heads).dump() << " input " << c.input << " changes "
             << Json(c.changes).dump();
    RC_FAIL(found.dump() + " instead of " + oracle(c).dump());
  }
}

RC_GTEST_PROP(MergeProperty, AnOrdinaryTaskAddsItsOwnChangesToWhatItWasGiven, ()) {
  // Sequence: the context behind a task is the context it was given with its changes applied.
  const Case c = random_case();
  const auto d = test::graph(c.after);
  ChangesByTask changes;
  for (Position t = 0; t < c.changes.size(); ++t) {
    if (c.changes[t].is_object()) changes.emplace(t, test::changes(c.changes[t]));
  }
  for (Position t = 0; t < c.after.size(); ++t) {
    const auto given = merge(*d, values_of(c.input), d->tasks[t].after, changes);
    const auto own = changes.contains(t) ? *changes.at(t) : ContextValues{};
    const auto behind = merge(*d, values_of(c.input), std::vector<Position>{t}, changes);
    RC_ASSERT(json_of(behind) == json_of(applied(&given, own)));
  }
}

}  // namespace
}  // namespace cloacina::core
