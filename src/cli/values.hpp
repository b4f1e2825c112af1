#pragma once

#include <optional>
#include <string>

#include "cli/arguments.hpp"
#include "cloacina/context.hpp"
#include "cloacina/id.hpp"
#include "cloacina/time.hpp"

/// Meanings of words of the command line. All *throw* Error{InvalidArgument} that names the option.
namespace cloacina::cli {

/// The database of `--database` and `--tenant` for messages, without what may be secret in it. A tenant on SQLite is the sibling
/// file: `sqlite:dir/cloacina.db` and tenant `acme` give `sqlite:dir/cloacina.acme.db`.
[[nodiscard]] std::string shown_database(const Globals& globals);
/// Whether there is nothing to open: a SQLite file may not exist yet, in a folder that does.
[[nodiscard]] bool database_is_missing(const Globals& globals);

/// `JSON`, `@FILE` or `@-` (standard input); an empty object without a word.
[[nodiscard]] Json read_input(const std::optional<std::string>& word);
[[nodiscard]] std::chrono::milliseconds read_duration(const char* option, const std::string& word);
[[nodiscard]] Timestamp read_time(const char* option, const std::string& word);
/// An instant, or a duration before `now`.
[[nodiscard]] Timestamp read_since(const char* option, const std::string& word, Timestamp now);

[[nodiscard]] Timestamp utc_now();

}  // namespace cloacina::cli
