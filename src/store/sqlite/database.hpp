#pragma once

#include <filesystem>

#include "store/sql/definitions.hpp"
#include "store/store.hpp"

namespace cloacina::store::sqlite {

/// A SQLite file: one writing connection at a time does work, any number read. Beside the file lie `-wal` and `-shm`, and `-lock`,
/// whose bytes show which runners live.
class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::filesystem::path file, const OpenOptions& options);

  [[nodiscard]] std::unique_ptr<Store> store() override;
  [[nodiscard]] std::unique_ptr<Reader> reader() override;
  [[nodiscard]] std::unique_ptr<ChangeWatch> watch() override;
  [[nodiscard]] std::vector<Finding> doctor() override;
  BatchResult apply_in(const UserConnection& connection, const Batch& batch) override;

 private:
  [[nodiscard]] std::filesystem::path beside(const char* ending) const { return file_.string() + ending; }

  std::filesystem::path file_;
  OpenOptions options_;
  sql::Definitions definitions_;
};

[[nodiscard]] MigrationReport migrate_file(const std::filesystem::path& file, bool dry_run);
/// The file of a tenant, beside that of the database: `orders.db` has `orders.acme.db`.
[[nodiscard]] std::filesystem::path tenant_file(const std::filesystem::path& database, const std::string& name);
/// As the functions of these names in `cloacina::store`.
void create_tenant(const std::filesystem::path& database, const std::string& name);
[[nodiscard]] std::vector<std::string> list_tenants(const std::filesystem::path& database);
void remove_tenant(const std::filesystem::path& database, const std::string& name);

/// A check-up that also works on a file that cannot be opened for work.
[[nodiscard]] std::vector<Finding> doctor_file(const std::filesystem::path& file);

std::unique_ptr<Store> make_store(const std::filesystem::path& file, const std::filesystem::path& lock_file,
                                  const OpenOptions& options, sql::Definitions& definitions);
std::unique_ptr<Reader> make_reader(const std::filesystem::path& file, const std::filesystem::path& lock_file,
                                    const OpenOptions& options, sql::Definitions& definitions);

}  // namespace cloacina::store::sqlite
