// The merge against an oracle that reads the rules of the design one by one, over random graphs and changes.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/merge_help.hpp"

namespace cloacina::core {
namespace {

using test::MergeCase;
using test::oracle;

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

MergeCase random_case() {
  MergeCase c;
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

RC_GTEST_PROP(MergeProperty, IsWhatTheRulesSay, ()) {
  const MergeCase c = random_case();
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
  const MergeCase c = random_case();
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
