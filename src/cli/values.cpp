#include "cli/values.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "cloacina/admin.hpp"

namespace cloacina::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr int input_levels_max = 500;
/// More than any runner takes; keeps a wrong file from filling the memory.
constexpr std::size_t input_bytes_max = std::size_t{512} << 20;

[[noreturn]] void bad(const std::string& text) { throw Error(ErrorCode::InvalidArgument, text); }

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

/// The file of a database `sqlite:PATH`; a tenant's is beside it.
fs::path sqlite_file(const Globals& globals) {
  std::string path = globals.database.substr(sqlite_scheme.size());
  if (path.starts_with("//")) path.erase(0, 2);
  fs::path file = path;
  if (globals.tenant.empty() || path.empty()) return file;
  return file.replace_filename(file.stem().string() + "." + globals.tenant + file.extension().string());
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

std::string shown_database(const Globals& globals) {
  const auto& url = globals.database;
  if (url.starts_with(sqlite_scheme)) {
    const auto file = sqlite_file(globals);
    return std::string(sqlite_scheme) + file.string();
  }
  const std::string tenant = globals.tenant.empty() ? "" : " tenant " + globals.tenant;
  // Nothing that may be a secret: neither what stands before the host nor what comes behind the name.
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url.substr(0, url.find(':')) + ":…" + tenant;
  const auto end = url.find('?');
  std::string rest = url.substr(scheme + 3, end == std::string::npos ? end : end - scheme - 3);
  if (const auto at = rest.rfind('@'); at != std::string::npos) {
    const auto colon = rest.find(':');
    rest = rest.substr(0, std::min(colon, at)) + rest.substr(at);
  }
  return url.substr(0, scheme + 3) + rest + tenant;
}

bool database_is_missing(const Globals& globals) {
  if (!globals.tenant.empty()) check_tenant_name(globals.tenant);
  if (!globals.database.starts_with(sqlite_scheme)) return false;
  const auto file = sqlite_file(globals);
  std::error_code error;
  const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  return !file.empty() && fs::is_directory(folder, error) && fs::status(file, error).type() == fs::file_type::not_found;
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
