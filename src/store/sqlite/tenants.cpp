// Tenants are files beside that of the database.
#include <algorithm>

#include "cloacina/error.hpp"
#include "core/tenant_name.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/schema.hpp"

namespace cloacina::store::sqlite {

namespace {

/// Whether it is a database of ours.
bool is_ours(const std::filesystem::path& file) {
  try {
    Connection connection(file, {.read_only = true});
    return schema_state(connection).version > 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::filesystem::path tenant_file(const std::filesystem::path& database, const std::string& name) {
  core::check_tenant_name(name);
  auto file = database;
  return file.replace_filename(database.stem().string() + "." + name + database.extension().string());
}

void create_tenant(const std::filesystem::path& database, const std::string& name) {
  const auto file = tenant_file(database, name);
  if (std::filesystem::exists(file)) {
    throw Error(ErrorCode::Conflict, "there is a tenant '" + name + "' already: " + file.string());
  }
  (void)migrate_file(file, false);
}

std::vector<std::string> list_tenants(const std::filesystem::path& database) {
  const auto prefix = database.stem().string() + ".";
  const auto suffix = database.extension().string();
  std::vector<std::string> names;
  std::error_code error;
  const auto folder = database.has_parent_path() ? database.parent_path() : std::filesystem::path(".");
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto file = entry.path().filename().string();
    if (file.size() <= prefix.size() + suffix.size() || !file.starts_with(prefix) || !file.ends_with(suffix)) continue;
    auto name = file.substr(prefix.size(), file.size() - prefix.size() - suffix.size());
    try {
      core::check_tenant_name(name);
    } catch (const Error&) {
      continue;
    }
    if (is_ours(entry.path())) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tenant(const std::filesystem::path& database, const std::string& name) {
  const auto file = tenant_file(database, name);
  if (!std::filesystem::exists(file) || !is_ours(file)) throw Error(ErrorCode::NotFound, "there is no tenant '" + name + "'");
  for (const char* ending : {"", "-wal", "-shm", "-lock"}) {
    std::error_code error;
    std::filesystem::remove(file.string() + ending, error);
    if (error) {
      throw Error(ErrorCode::Unavailable, "removing tenant '" + name + "': " + file.string() + ending + ": " + error.message());
    }
  }
}

}  // namespace cloacina::store::sqlite
