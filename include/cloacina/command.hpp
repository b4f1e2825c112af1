#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloacina/error.hpp"
#include "cloacina/export.hpp"

namespace cloacina {

class TaskContext;

/// A program to run as a task. It gets the context as JSON on standard input and `CTX_<key>` variables, and changes the context by
/// writing a JSON object to the file that `CLOACINA_OUTPUT` names. Nothing passes through a shell unless `shell` asks for one.
struct Command {
  std::vector<std::string> argv{};               ///< program and arguments; exactly one of argv and shell is set
  std::string shell{};                           ///< a line for `/bin/sh -c`
  std::map<std::string, std::string> env{};      ///< added to the environment of the runner
  std::filesystem::path cwd{};                   ///< empty: the current folder of the runner
  std::chrono::milliseconds kill_after{10'000};  ///< from SIGTERM to SIGKILL, at a timeout or a cancel
  std::size_t output_bytes_max = 64 * 1024;      ///< of stdout and of stderr, the last so many are kept
};

/// A command, or the process of an isolated task, that did not succeed: the text names the exit status or the signal.
class CLOACINA_API CommandError : public Error {
 public:
  CommandError(const std::string& text, std::optional<int> exit, std::optional<int> signal, std::string output_tail)
      : Error(ErrorCode::Internal, text), exit_(exit), signal_(signal), output_tail_(std::move(output_tail)) {}
  [[nodiscard]] std::optional<int> exit() const noexcept { return exit_; }
  [[nodiscard]] std::optional<int> signal() const noexcept { return signal_; }
  [[nodiscard]] const std::string& output_tail() const noexcept { return output_tail_; }

 private:
  std::optional<int> exit_;
  std::optional<int> signal_;
  std::string output_tail_;
};

/// The task function that runs `command`: the same code for workflow files and for C++.
[[nodiscard]] CLOACINA_API std::function<void(TaskContext&)> command_function(Command command);

}  // namespace cloacina
