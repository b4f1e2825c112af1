#include <signal.h>

#include <new>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/exit_status.hpp"
#include "cli/parse.hpp"

namespace cloacina::cli {

namespace {

int report(Console& console, int status, std::string_view text) {
  console.err.line("cloacinactl: " + std::string(text));
  return status;
}

int guarded(Console& console, const Arguments& arguments) {
  try {
    const int status = std::visit(
        [&](const auto& a) -> int {
          if constexpr (std::is_same_v<std::decay_t<decltype(a)>, std::monostate>) {
            return ExitStatus::bad_input;
          } else {
            return execute(console, arguments.globals, a);
          }
        },
        arguments.command);
    console.out.flush();
    return status;
  } catch (const Error& e) {
    console.out.flush();
    return report(console, exit_status(e.code()), e.what());
  } catch (const std::system_error& e) {
    // Our own output, or a thread that could not be made.
    return report(console, ExitStatus::not_completed, e.what());
  } catch (const std::bad_alloc&) {
    return report(console, ExitStatus::our_bug, "out of memory");
  } catch (const std::exception& e) {
    return report(console, ExitStatus::our_bug, std::string("a bug: ") + e.what());
  }
}

int main(int argc, const char* const* argv) {
  // A reader that has gone, and a file that may not grow, are noticed by the write; commands get the default again.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  Console console;
  int status = ExitStatus::our_bug;
  try {
    const auto parsed = parse(argc, argv, console);
    const auto* arguments = std::get_if<Arguments>(&parsed);
    status = arguments != nullptr ? guarded(console, *arguments) : std::get<int>(parsed);
    console.out.flush();
    console.err.flush();
  } catch (const std::system_error&) {
    // There is no stream left to say it on.
    status = status == ExitStatus::done ? ExitStatus::not_completed : status;
  }
  return status;
}

}  // namespace

}  // namespace cloacina::cli

int main(int argc, char** argv) { return cloacina::cli::main(argc, argv); }
