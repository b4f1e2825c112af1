#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace cloacina::os {

/// A program to run once.
struct ChildSpec {
  std::vector<std::string> argv{};               ///< a name without a slash is looked for in the PATH of `env`
  std::vector<std::string> env{};                ///< the whole environment, each `NAME=value`
  std::filesystem::path cwd{};                   ///< empty: the current folder
  std::string input{};                           ///< all of standard input, which is a file: nobody waits for who does not read it
  std::chrono::milliseconds kill_after{10'000};  ///< from SIGTERM to SIGKILL once a stop is requested
  std::size_t output_bytes_max = 64 * 1024;      ///< of each stream, the last so many bytes are kept
  /// A file in a folder of its own, which are the caller's to remove. Should this process die first, both are removed as well.
  std::filesystem::path scratch_file{};
};

/// How it ended. Exactly one of exit, signal and error is set, and none when it was stopped before it began.
struct ChildResult {
  std::optional<int> exit{};
  std::optional<int> signal{};
  std::string error{};  ///< why it could not be started or watched: `cannot run 'foo': No such file or directory`
  std::string out{};
  std::string err{};
  bool out_truncated = false;  ///< more was written than is kept
  bool err_truncated = false;
  bool stopped = false;  ///< the stop was requested before it ended
};

/// Runs a program to its end, in a session and process group of its own, with signals at their defaults and no descriptor but 0, 1
/// and 2. Blocks; may be called from many threads at once; changes nothing of this process, not even for a moment but the calling
/// thread's signal mask.
///
/// It is over when the program itself has ended: descendants that it left behind, detached ones included, are killed. When `stop`
/// is requested its process group gets SIGTERM and, after `kill_after`, SIGKILL. When this process dies, in whatever way, the
/// program and all of its descendants are killed at once: a guard process, a fork of this one, sees to that. Costs one fork.
///
/// Out of reach are programs that take on another user's rights, as sudo does, unless this process may send them signals.
[[nodiscard]] ChildResult run_child(const ChildSpec& spec, std::stop_token stop);

}  // namespace cloacina::os
