#include "cli/client.hpp"

#include <cstdlib>

#include "cli/values.hpp"

namespace cloacina::cli {

std::string actor() {
  const char* name = std::getenv("CLOACINA_ACTOR");
  return name == nullptr ? "" : name;
}

std::unique_ptr<Runner> open_client_if_any(const Globals& globals) {
  if (database_is_missing(globals)) return nullptr;
  return std::make_unique<Runner>(RunnerOptions{.database = globals.database, .tenant = globals.tenant, .actor = actor()});
}

std::unique_ptr<Runner> open_client(const Globals& globals) {
  auto client = open_client_if_any(globals);
  if (!client) {
    throw Error(ErrorCode::NotFound, "there is no database " + shown_database(globals) + " yet; run, serve or migrate make one");
  }
  return client;
}

}  // namespace cloacina::cli
