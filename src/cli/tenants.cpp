#include <fstream>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/json.hpp"
#include "cloacina/admin.hpp"
#include "cloacina/error.hpp"

namespace cloacina::cli {

namespace {

void no_tenant_option(const Globals& globals) {
  if (globals.tenant.empty()) return;
  throw Error(ErrorCode::InvalidArgument, "--tenant goes with the other commands; these take the tenant's name as their argument");
}

std::string password_of(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line) || line.empty()) {
    throw Error(ErrorCode::InvalidArgument, "--password-file: there is no password in the first line of " + file);
  }
  return line;
}

}  // namespace

int execute(Console& console, const Globals& globals, const TenantCreateArguments& a) {
  no_tenant_option(globals);
  if (!a.login && !a.password_file.empty()) {
    throw Error(ErrorCode::InvalidArgument, "--password-file is of a login; it needs --login");
  }
  const auto password = a.password_file.empty() ? std::string() : password_of(a.password_file);
  const auto login = create_tenant(globals.database, a.name, a.login, password);
  const bool made = login && a.password_file.empty();  // who brought a password has it
  if (globals.json) {
    OrderedJson json;
    json["tenant"] = a.name;
    json["role"] = login ? Json(login->role) : Json();
    json["password"] = made ? Json(login->password) : Json();
    console.out.line(line(json));
    return ExitStatus::done;
  }
  console.out.line("made tenant " + a.name);
  if (login) console.out.line("role      " + login->role);
  if (made) console.out.line("password  " + login->password + "   (not shown again)");
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const TenantListArguments&) {
  no_tenant_option(globals);
  for (const auto& name : list_tenants(globals.database)) {
    if (globals.json) {
      OrderedJson json;
      json["tenant"] = name;
      console.out.line(line(json));
    } else {
      console.out.line(name);
    }
  }
  return ExitStatus::done;
}

int execute(Console& console, const Globals& globals, const TenantRemoveArguments& a) {
  no_tenant_option(globals);
  remove_tenant(globals.database, a.name);
  if (!globals.json) console.out.line("removed tenant " + a.name);
  return ExitStatus::done;
}

}  // namespace cloacina::cli
