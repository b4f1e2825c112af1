#include "flowfile/yaml_scalar.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace cloacina::flowfile {
namespace {

TEST(YamlScalar, FollowsTheCoreSchema) {
  const struct {
    const char* text;
    ScalarKind kind;
  } cases[] = {
      {"", ScalarKind::Null},       {"~", ScalarKind::Null},          {"null", ScalarKind::Null},  {"Null", ScalarKind::Null},
      {"NULL", ScalarKind::Null},   {"nULL", ScalarKind::Text},       {"true", ScalarKind::Bool},  {"False", ScalarKind::Bool},
      {"TRUE", ScalarKind::Bool},   {"tRUE", ScalarKind::Text},       {"on", ScalarKind::Text},    {"off", ScalarKind::Text},
      {"yes", ScalarKind::Text},    {"no", ScalarKind::Text},         {"y", ScalarKind::Text},     {"N", ScalarKind::Text},
      {"0", ScalarKind::Int},       {"-12", ScalarKind::Int},         {"+3", ScalarKind::Int},     {"0123", ScalarKind::Int},
      {"0o17", ScalarKind::Int},    {"0o18", ScalarKind::Text},       {"-0o17", ScalarKind::Text}, {"0xfF", ScalarKind::Int},
      {"0x", ScalarKind::Text},     {"0xfg", ScalarKind::Text},       {"1_000", ScalarKind::Text}, {"0b1", ScalarKind::Text},
      {"1.5", ScalarKind::Float},   {".5", ScalarKind::Float},        {"5.", ScalarKind::Float},   {"-1e3", ScalarKind::Float},
      {"1e", ScalarKind::Text},     {"e3", ScalarKind::Text},         {".", ScalarKind::Text},     {"-", ScalarKind::Text},
      {"1.2.3", ScalarKind::Text},  {"12:30", ScalarKind::Text},      {".inf", ScalarKind::Float}, {"-.INF", ScalarKind::Float},
      {"+.Inf", ScalarKind::Float}, {".nan", ScalarKind::Float},      {"-.nan", ScalarKind::Text}, {"inf", ScalarKind::Text},
      {"10s", ScalarKind::Text},    {"2026-01-01", ScalarKind::Text},
  };
  for (const auto& c : cases) EXPECT_EQ(scalar_kind(c.text), c.kind) << c.text;
}

TEST(YamlScalar, GivesJsonWhereJsonHasTheValue) {
  const struct {
    const char* text;
    std::optional<Json> value;
  } cases[] = {
      {"True", Json(true)},
      {"false", Json(false)},
      {"0123", Json(123)},
      {"0o17", Json(15)},
      {"0xFF", Json(255)},
      {"+7", Json(7)},
      {"-9223372036854775808", Json(std::numeric_limits<std::int64_t>::min())},
      {"-9223372036854775809", std::nullopt},
      {"18446744073709551615", Json(std::numeric_limits<std::uint64_t>::max())},
      {"18446744073709551616", std::nullopt},
      {"1.5e3", Json(1500.0)},
      {".5", Json(0.5)},
      {"-.5", Json(-0.5)},
      {"+.5", Json(0.5)},
      {"5.", Json(5.0)},
      {"1e999", std::nullopt},
      {".inf", std::nullopt},
      {".nan", std::nullopt},
      {"text", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(scalar_json(c.text), c.value) << c.text;
}

}  // namespace
}  // namespace cloacina::flowfile
