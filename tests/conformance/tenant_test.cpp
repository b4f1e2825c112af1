// Tenants: made, listed, removed, and apart from each other, on every backend.
#include <fstream>

#include "cloacina/admin.hpp"
#include "conformance/store_fixture.hpp"
#include "os/temp_dir.hpp"
#include "postgres/fresh_schema.hpp"

namespace cloacina::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "nothing thrown";
}

/// Names of tenants are the whole server's: each test has its own.
std::string name_of_test(const std::string& name) {
  static int made = 0;
  return "x" + std::to_string(::getpid()) + "_" + std::to_string(++made) + "_" + name;
}

struct Place {
  std::string name;
  bool server = false;
};

void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

class Tenants : public ::testing::TestWithParam<Place> {
 protected:
  Tenants() {
    if (!GetParam().server) {
      url = "sqlite:" + (folder_ / "orders.db").string();
      (void)migrate(url);
    } else {
      schema_.emplace();
      url = schema_->url();
    }
  }
  ~Tenants() override {
    for (const auto& name : {one, two}) {
      try {
        remove_tenant(url, name);
      } catch (const Error&) {
        // It was not made, or is gone.
      }
    }
  }

  std::string url;
  const std::string one = name_of_test("one");
  const std::string two = name_of_test("two");

 private:
  os::test::TempDir folder_;
  std::optional<FreshSchema> schema_;
};

TEST_P(Tenants, AreMadeListedAndRemoved) {
  EXPECT_EQ(create_tenant(url, one), std::nullopt);
  EXPECT_THAT(error_of([&] { create_tenant(url, one); }), HasSubstr("Conflict: there is a "));
  create_tenant(url, two);
  EXPECT_THAT(list_tenants(url), Contains(one));
  EXPECT_THAT(list_tenants(url), Contains(two));
  remove_tenant(url, one);
  EXPECT_THAT(list_tenants(url), Not(Contains(one)));
  EXPECT_THAT(list_tenants(url), Contains(two));
  EXPECT_THAT(error_of([&] { remove_tenant(url, one); }), HasSubstr("NotFound: there is no tenant '" + one + "'"));
  create_tenant(url, one);
}

TEST_P(Tenants, WithWorkflowsOfOneNameNeverMeet) {
  create_tenant(url, one);
  create_tenant(url, two);
  const auto options = [&](const std::string& tenant) { return RunnerOptions{.database = url, .tenant = tenant, .workers = 2}; };
  std::vector<std::string> ran;
  for (const auto& tenant : {std::string(), one, two}) {
    Runner runner(options(tenant));
    WorkflowBuilder flow{"nightly"};
    flow.task("only", [&ran, tenant](TaskContext&) { ran.push_back(tenant); });
    runner.add(flow.build());
    runner.start();
    EXPECT_TRUE(runner.run("nightly", {}, {.key = "the same"}).completed());
    EXPECT_EQ(runner.list().executions.size(), 1U) << "sees those of others";
  }
  EXPECT_THAT(ran, ElementsAre("", one, two));
}

TEST_P(Tenants, AreNotRemovedWhileARunnerLives) {
  create_tenant(url, one);
  {
    Runner runner(RunnerOptions{.database = url, .tenant = one, .name = "busy"});
    runner.start();
    EXPECT_THAT(error_of([&] { remove_tenant(url, one); }), HasSubstr("Conflict: tenant '" + one + "' is in use: runner busy"));
  }
  remove_tenant(url, one);
}

TEST_P(Tenants, HostileNamesAreRefusedBeforeAnythingHappens) {
  const std::vector<std::string> names{"",
                                       "A",
                                       "Acme",
                                       "1a",
                                       "_a",
                                       "a-b",
                                       "a b",
                                       "a.b",
                                       "a/b",
                                       "../x",
                                       "a\"b",
                                       "a'b",
                                       "a;b",
                                       "a--",
                                       "a\nb",
                                       std::string("a\0b", 3),
                                       "ä",
                                       "а",
                                       "public",
                                       "pg_catalog",
                                       "pg_toast",
                                       "cloacina",
                                       "a$b",
                                       "a%s",
                                       "a`b",
                                       "a\\b",
                                       "a*",
                                       "information_schema",
                                       std::string(49, 'a'),
                                       "\"; DROP SCHEMA public CASCADE; --",
                                       "x'); DROP TABLE cloacina_task; --",
                                       "a\xff"};
  for (const auto& name : names) {
    EXPECT_THAT(error_of([&] { create_tenant(url, name); }), HasSubstr("InvalidArgument: tenant '")) << name;
    EXPECT_THAT(error_of([&] { remove_tenant(url, name); }), HasSubstr("InvalidArgument: tenant '")) << name;
    if (!name.empty()) {
      EXPECT_THAT(error_of([&] { Runner runner(RunnerOptions{.database = url, .tenant = name}); }),
                  HasSubstr("InvalidArgument: tenant '"));
    }
  }
  for (const auto& name : {std::string("a"), "user_" + name_of_test("x"), std::string("select")}) check_tenant_name(name);
}

INSTANTIATE_TEST_SUITE_P(Backends, Tenants, ::testing::Values(Place{"sqlite", false}, Place{"postgres", true}),
                         [](const auto& place) { return place.param.name; });

class PostgresTenants : public ::testing::Test {
 protected:
  ~PostgresTenants() override {
    for (const auto& name : {one, two}) {
      try {
        remove_tenant(url, name);
      } catch (const Error&) {
        // It was not made, or is gone.
      }
    }
  }
  [[nodiscard]] static std::string url_of(const std::string& role) {
    auto other = server_url();
    return other.replace(other.find("user=") + 5, std::string::npos, role);
  }

  const std::string url = server_url();
  const std::string one = name_of_test("one");
  const std::string two = name_of_test("two");
};

TEST_F(PostgresTenants, ALoginCanUseItsOwnTenantAndNothingElse) {
  const auto mine = create_tenant(url, one, true);
  const auto theirs = create_tenant(url, two, true, "chosen");
  ASSERT_TRUE(mine && theirs);
  EXPECT_EQ(mine->role, "cloacina_" + one);
  EXPECT_EQ(mine->password.size(), 32U);
  EXPECT_EQ(theirs->password, "chosen");
  {
    Runner runner(RunnerOptions{.database = url_of(mine->role), .tenant = one});
    WorkflowBuilder flow{"nightly"};
    flow.task("only", [](TaskContext&) {});
    runner.add(flow.build());
    runner.start();
    EXPECT_TRUE(runner.run("nightly").completed());
  }
  EXPECT_THAT(error_of([&] { Runner runner(RunnerOptions{.database = url_of(mine->role), .tenant = two}); }),
              HasSubstr("NotFound: there is no tenant '" + two + "'"));
  RawConnection raw(url_of(mine->role));
  for (const char* what :
       {"SELECT * FROM %.cloacina_task", "DELETE FROM %.cloacina_execution", "SELECT %.cloacina_submit('nightly')",
        "DROP SCHEMA % CASCADE", "CREATE TABLE %.mine (a integer)", "CREATE ROLE more", "CREATE SCHEMA more"}) {
    std::string sql = what;
    if (const auto at = sql.find('%'); at != std::string::npos) sql.replace(at, 1, two);
    EXPECT_THROW(raw.run(sql), std::runtime_error) << sql;
  }
  EXPECT_EQ(raw.run("SELECT count(*) FROM cloacina_execution"), "1") << "its own schema is where it begins";
  const auto stored = RawConnection(url).run("SELECT rolpassword FROM pg_authid WHERE rolname = '" + theirs->role + "'");
  EXPECT_THAT(stored, HasSubstr("SCRAM-SHA-256$"));
  remove_tenant(url, one);
  EXPECT_EQ(RawConnection(url).run("SELECT count(*) FROM pg_roles WHERE rolname = '" + mine->role + "'"), "0");
}

TEST_F(PostgresTenants, WhoMayNotMakeOneIsToldWhatAnAdministratorHasToRun) {
  RawConnection raw(url);
  const auto role = "poor_" + one;
  raw.run("CREATE ROLE " + role + " LOGIN");
  const auto error = error_of([&] { create_tenant(url_of(role), one); });
  EXPECT_THAT(error, HasSubstr("Unavailable: creating tenant '" + one + "'"));
  const auto statement = "CREATE SCHEMA \"" + one + "\" AUTHORIZATION " + role + ";";
  EXPECT_THAT(error, HasSubstr(statement));
  EXPECT_THAT(migrate(url_of(role), true, one).needs, ElementsAre(statement));
  EXPECT_THAT(error_of([&] { create_tenant(url_of(role), one, true); }), HasSubstr("CREATE ROLE \"cloacina_" + one + "\" LOGIN"));
  EXPECT_THAT(error_of([&] { (void)migrate(url_of(role), false, one); }), HasSubstr("NotFound: there is no tenant"));
  // And then it works.
  raw.run(statement);
  EXPECT_THAT(migrate(url_of(role), false, one).applied, Contains("0001_first"));
  EXPECT_EQ(error_of([&] { Runner runner(RunnerOptions{.database = url_of(role), .tenant = one}); }), "nothing thrown");
  remove_tenant(url, one);
  raw.run("DROP ROLE " + role);
}

TEST_F(PostgresTenants, ATableThatIsMissingIsNotTakenFromAnotherSchema) {
  const FreshSchema schema;
  (void)migrate(schema.url());
  create_tenant(schema.url(), one);
  RawConnection(url).run("DROP TABLE " + one + ".cloacina_output");
  Runner runner(RunnerOptions{.database = schema.url(), .tenant = one});
  WorkflowBuilder flow{"nightly"};
  flow.task("only", [](TaskContext&) {});
  runner.add(flow.build());
  const auto id = runner.submit("nightly");
  EXPECT_THAT(error_of([&] { (void)runner.logs(id); }), HasSubstr("cloacina_output"));
}

}  // namespace
}  // namespace cloacina::test
