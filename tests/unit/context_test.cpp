#include "cloacina/context.hpp"

#include <gmock/gmock.h>

#include "core/changes.hpp"
#include "unit/unit_help.hpp"

namespace cloacina {
namespace {

using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Point {
  int x = 0;
  int y = 0;
};
void to_json(Json& json, const Point& p) { json = {{"x", p.x}, {"y", p.y}}; }
void from_json(const Json& json, Point& p) {
  json.at("x").get_to(p.x);
  json.at("y").get_to(p.y);
}

TEST(Context, StartsFromAnObjectAndFromNothingElse) {
  EXPECT_EQ(Context(Json{{"a", 1}}).json(), (Json{{"a", 1}}));
  EXPECT_EQ(Context().json(), Json::object());
  EXPECT_EQ(error_of([] { (void)Context(Json::array()); }), "InvalidArgument: a context is a JSON object, not array");
  EXPECT_EQ(error_of([] { (void)Context(Json(nullptr)); }), "InvalidArgument: a context is a JSON object, not null");
}

TEST(Context, GivesTypedValues) {
  const Context c(Json{{"n", 7}, {"s", "text"}, {"l", {1, 2}}, {"p", {{"x", 1}, {"y", 2}}}, {"none", nullptr}});
  EXPECT_EQ(c.get<int>("n"), 7);
  EXPECT_EQ(c.get<std::string>("s"), "text");
  EXPECT_EQ(c.get<std::vector<int>>("l"), (std::vector{1, 2}));
  EXPECT_EQ(c.get<Point>("p").y, 2);
  EXPECT_TRUE(c.get<Json>("none").is_null());
  EXPECT_EQ(c.get_or<int>("absent", 3), 3);
  EXPECT_EQ(c.get_or<int>("n", 3), 7);
}

TEST(Context, AnAbsentKeyIsAnErrorThatListsTheKeys) {
  const Context c(Json{{"b", 1}, {"a", 2}});
  EXPECT_EQ(error_of([&] { (void)c.get<int>("c"); }), "NotFound: the context has no key 'c'; it has: a, b");
  EXPECT_EQ(error_of([&] { (void)Context().at("c"); }), "NotFound: the context has no key 'c'; it is empty");
}

TEST(Context, AWrongTypeIsAnErrorThatNamesKeyAndValue) {
  const Context c(Json{{"day", "Monday"}});
  const auto error = error_of([&] { (void)c.get<int>("day"); });
  EXPECT_THAT(error, HasSubstr("InvalidArgument: context key 'day' holds string '\"Monday\"', not the type asked for: "));
  EXPECT_THAT(error_of([&] { (void)c.get_or<int>("day", 1); }), HasSubstr("context key 'day' holds string"));
  EXPECT_THAT(error_of([&] { (void)c.get<Point>("day"); }), HasSubstr("context key 'day' holds string"));
}

TEST(Context, ALongValueIsCutInTheError) {
  const Context c(Json{{"k", std::string(10'000, 'x')}});
  EXPECT_LT(error_of([&] { (void)c.get<int>("k"); }).size(), 400U);
}

TEST(Context, RecordsWhatWasSetAndRemoved) {
  Context c(Json{{"a", 1}, {"b", 2}});
  c.set("a", 10);
  c.set("c", Point{3, 4});
  EXPECT_TRUE(c.remove("b"));
  EXPECT_FALSE(c.remove("b"));
  EXPECT_FALSE(c.remove("never"));
  EXPECT_EQ(c.json(), (Json{{"a", 10}, {"c", {{"x", 3}, {"y", 4}}}}));
  EXPECT_THAT(c.keys(), ElementsAre("a", "c"));
  EXPECT_EQ(c.size(), 2U);
  EXPECT_FALSE(c.contains("b"));
  EXPECT_EQ(c.find("b"), nullptr);
  ASSERT_EQ(c.changes().size(), 3U);
  EXPECT_EQ(c.changes().at("b"), nullptr);
  EXPECT_EQ(*c.changes().at("a"), 10);
}

TEST(Context, ReadingRecordsNothing) {
  const Context given(Json{{"a", 1}});
  Context c = given;
  (void)c.get<int>("a");
  (void)c.json();
  EXPECT_TRUE(c.changes().empty());
}

TEST(Context, AKeyCanBeSetAgainAfterItsRemoval) {
  Context c(Json{{"a", 1}});
  c.remove("a");
  c.set("a", 2);
  EXPECT_EQ(c.get<int>("a"), 2);
  EXPECT_EQ(c.json(), (Json{{"a", 2}}));
}

TEST(Context, NullIsAValue) {
  Context c;
  c.set("k", nullptr);
  EXPECT_TRUE(c.contains("k"));
  EXPECT_EQ(c.json(), (Json{{"k", nullptr}}));
}

TEST(Context, AnEmptyKeyIsRefused) {
  Context c;
  EXPECT_EQ(error_of([&] { c.set("", 1); }), "InvalidArgument: a context key must not be empty");
}

TEST(Context, CopiesDoNotMeet) {
  Context a(Json{{"k", 1}});
  Context b = a;
  b.set("k", 2);
  a.set("x", 3);
  EXPECT_EQ(a.get<int>("k"), 1);
  EXPECT_FALSE(b.contains("x"));
}

TEST(Changes, SurviveTheirStoredForm) {
  Context c(Json{{"gone", 1}, {"odd \"key\"", 1}});
  EXPECT_EQ(core::changes_to_text(c.changes()), "");
  c.set("list", Json{1, "two", nullptr});
  c.set("ü", "ß\n");
  c.remove("gone");
  c.remove("odd \"key\"");
  const auto text = core::changes_to_text(c.changes());
  const auto back = core::changes_from_text(text);
  ASSERT_EQ(back.size(), c.changes().size());
  for (const auto& [key, value] : c.changes()) {
    ASSERT_TRUE(back.contains(key)) << key;
    EXPECT_EQ(back.at(key) == nullptr, value == nullptr) << key;
    if (value) {
      EXPECT_EQ(*back.at(key), *value);
    }
  }
  EXPECT_EQ(Json::parse(text),
            (Json{{"set", {{"list", {1, "two", nullptr}}, {"ü", "ß\n"}}}, {"removed", {"gone", "odd \"key\""}}}));
}

TEST(Changes, LeaveOutWhatIsEmpty) {
  Context set;
  set.set("a", 1);
  EXPECT_EQ(core::changes_to_text(set.changes()), R"({"set":{"a":1}})");
  Context removed(Json{{"a", 1}});
  removed.remove("a");
  EXPECT_EQ(core::changes_to_text(removed.changes()), R"({"removed":["a"]})");
  EXPECT_TRUE(core::changes_from_text("").empty());
}

TEST(Changes, ATextThatIsNotUtf8IsRefusedWithItsKey) {
  Context c;
  c.set("name", std::string("\xff\xfe"));
  EXPECT_THAT(error_of([&] { (void)core::changes_to_text(c.changes()); }),
              HasSubstr("InvalidArgument: context key 'name' cannot be stored"));
}

TEST(Changes, MalformedStoredTextIsCorrupt) {
  for (const char* text : {"{", "[]", "7", R"({"set":[]})", R"({"removed":[1]})", R"({"set":7})"}) {
    EXPECT_THAT(error_of([&] { (void)core::changes_from_text(text); }), HasSubstr("Corrupt: ")) << text;
  }
  EXPECT_THAT(error_of([] { (void)core::values_from_text("[]"); }), HasSubstr("Corrupt: "));
  EXPECT_THAT(error_of([] { (void)core::values_from_text(""); }), HasSubstr("Corrupt: "));
}

}  // namespace
}  // namespace cloacina
