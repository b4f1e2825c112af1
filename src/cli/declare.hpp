#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/arguments.hpp"

namespace cloacina::cli {

/// Declares commands below `parent`; the one that is named ends up in `chosen`.
class Declare {
 public:
  Declare(CLI::App& parent, std::function<Command()>& chosen) : parent_(parent), chosen_(chosen) {}

  /// A command whose options are read into a T, which lives as long as `parent`.
  template <class T>
  std::pair<CLI::App*, T*> command(const std::string& name, const std::string& description, const std::string& footer = {}) const {
    auto values = std::make_shared<T>();
    CLI::App* sub = add(name, description, footer);
    sub->callback([&chosen = chosen_, values] { chosen = [values] { return Command{*values}; }; });
    return {sub, values.get()};
  }
  /// A word in front of commands of its own.
  [[nodiscard]] Declare group(const std::string& name, const std::string& description, const std::string& footer = {}) const {
    CLI::App* sub = add(name, description, footer);
    sub->require_subcommand(1);
    return {*sub, chosen_};
  }

 private:
  CLI::App* add(const std::string& name, const std::string& description, const std::string& footer) const {
    CLI::App* sub = parent_.add_subcommand(name, description);
    sub->fallthrough();
    sub->footer("\nAlso --database, --tenant and --json, as in cloacinactl --help." +
                (footer.empty() ? std::string() : "\n\nExamples:\n" + footer));
    return sub;
  }

  CLI::App& parent_;
  std::function<Command()>& chosen_;
};

inline void add_input(CLI::App* sub, std::optional<std::string>& input) {
  sub->add_option("--input", input, "The input, a JSON object; @- is standard input")->type_name("JSON|@FILE");
}

/// `schedule put`, `schedule list` and so on.
void declare_schedules(const Declare& declare);
/// `cron next`, `cron check` and `cron explain`.
void declare_cron(const Declare& declare);

}  // namespace cloacina::cli
