#include "cli/values.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

namespace cloacina::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::size_t tenant_bytes_max = 63;
constexpr int input_levels_max = 500;
/// More than any runner takes; keeps a wrong file from filling the memory.
constexpr std::size_t input_bytes_max = std::size_t{512} << 20;

[[noreturn]] void bad(const std::string& text) { throw Error(ErrorCode::InvalidArgument, text); }

bool is_tenant_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= tenant_bytes_max && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::string read_all(std::istream& in, const std::string& name) {
  std::string text;
  char block[64 * 1024];
  while (in.read(block, sizeof block), in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > input_bytes_max) bad("--input: " + name + " is larger than 512 MiB");
  }
  if (in.bad()) bad("--input: cannot read " + name);
  return text;
}

std::string read_file(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) bad("--input: " + path + " is a folder");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) bad("--input: cannot read " + path + ": " + std::generic_category().message(errno != 0 ? errno : EIO));
  return read_all(in, path);
}

}  // namespace

std::string database_url(const Globals& globals) {
  if (globals.tenant.empty()) return globals.database;
  if (!is_tenant_name(globals.tenant)) {
    bad("--tenant '" + globals.tenant + "': a name is a small letter, then up to 62 small letters, digits and underscores");
  }
  if (!globals.database.starts_with(sqlite_scheme)) {
    bad("--tenant '" + globals.tenant + "': tenants need a database sqlite:PATH, not '" + globals.database + "'");
  }
  const fs::path file = globals.database.substr(sqlite_scheme.size());
  fs::path sibling = file.stem();
  sibling += "." + globals.tenant;
  sibling += file.extension();
  return std::string(sqlite_scheme) + (file.parent_path() / sibling).string();
}

bool database_is_missing(const std::string& url) {
  if (!url.starts_with(sqlite_scheme)) return false;
  std::string path = url.substr(sqlite_scheme.size());
  if (path.starts_with("//")) path.erase(0, 2);
  const fs::path file = path;
  std::error_code error;
  const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  return !path.empty() && fs::is_directory(folder, error) && fs::status(file, error).type() == fs::file_type::not_found;
}

Json read_input(const std::optional<std::string>& word) {
  if (!word) return Json::object();
  std::string name = "the text";
  std::string text = *word;
  if (text == "@-") {
    name = "standard input";
    text = read_all(std::cin, name);
  } else if (text.starts_with('@')) {
    name = text.substr(1);
    text = read_file(name);
  }
  Json json;
  try {
    json = Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > input_levels_max) bad("--input: " + name + " has more than " + std::to_string(input_levels_max) + " levels");
      return true;
    });
  } catch (const Json::exception& e) {
    bad("--input: " + name + " is no JSON: " + e.what());
  }
  if (!json.is_object())
    bad("--input: " + name + " is a JSON " + json.type_name() + ", an object is needed, as '{\"day\": \"today\"}'");
  return json;
}

std::chrono::milliseconds read_duration(const char* option, const std::string& word) {
  try {
    return parse_duration(word);
  } catch (const Error& e) {
    bad(std::string(option) + ": " + e.what());
  }
}

Timestamp read_time(const char* option, const std::string& word) {
  try {
    return parse_timestamp(word);
  } catch (const Error& e) {
    bad(std::string(option) + ": " + e.what());
  }
}

Timestamp read_since(const char* option, const std::string& word, Timestamp now) {
  try {
    return now - parse_duration(word);
  } catch (const Error&) {
  }
  try {
    return parse_timestamp(word);
  } catch (const Error& e) {
    bad(std::string(option) + ": " + e.what() + ", or a duration ago, as 2h");
  }
}

Timestamp utc_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace cloacina::cli
