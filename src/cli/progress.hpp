#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/console.hpp"
#include "cloacina/execution.hpp"

namespace cloacina::cli {

/// What happens in an execution, while it happens, on a stream for diagnostics: lines that stay, one for each event, and on a
/// terminal below them a picture of what runs, drawn again and again.
class Progress {
 public:
  explicit Progress(Stream& out) : out_(out) {}

  /// Keeps a line to be written by the next `update`. Thread-safe.
  void note(std::string text);
  /// Writes what is new in `execution`.
  void update(const Execution& execution, Timestamp now);
  /// Draws the picture of the last update again, as time goes on.
  void tick(Timestamp now);
  /// Removes the picture; the lines stay.
  void finish();

 private:
  struct Seen {
    TaskStatus status = TaskStatus::NotStarted;
    std::size_t attempts_ended = 0;
    bool started = false;  ///< the start of the last attempt was written
  };
  struct Event {
    Timestamp at;
    std::string text;
  };

  void collect(const TaskState& task, Timestamp now, std::vector<Event>& events);
  void draw(Timestamp now);
  void erase();
  [[nodiscard]] std::vector<std::string> picture(Timestamp now) const;

  Stream& out_;
  std::unordered_map<std::string, Seen> seen_;
  Execution last_;
  std::size_t drawn_ = 0;  ///< lines of the picture on the terminal
  std::size_t frame_ = 0;
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

}  // namespace cloacina::cli
