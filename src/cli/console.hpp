#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace cloacina::cli {

enum class Color { None, Dim, Bold, Red, Green, Yellow, Blue };

/// One of the standard streams. A reader that has closed its end is no error: what is written after that is dropped. Not for
/// several threads at once.
class Stream {
 public:
  explicit Stream(int descriptor);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Keeps `text` until there is enough of it, or `flush`.
  void write(std::string_view text);
  void line(std::string_view text);
  /// *Throws* std::system_error when the text cannot be written, for another reason than that nobody reads.
  void flush();

  [[nodiscard]] bool closed() const noexcept { return closed_; }      ///< nobody reads any more
  [[nodiscard]] bool terminal() const noexcept { return terminal_; }  ///< a person may be looking
  /// `text` in `color` where that is wanted: on a terminal, unless NO_COLOR is set or the terminal is dumb.
  [[nodiscard]] std::string paint(Color color, std::string_view text) const;
  /// Columns and rows of the terminal; 80 by 24 where that is unknown.
  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };
  [[nodiscard]] Size size() const;

 private:
  int descriptor_;
  bool terminal_;
  bool colors_;
  bool closed_ = false;
  std::string pending_;
};

/// Results go to `out`, diagnostics to `err`.
struct Console {
  Stream out{1};
  Stream err{2};
};

/// Lines of cells, written with columns of equal width. The first line is the head.
class Table {
 public:
  struct Cell {
    std::string text;
    Color color = Color::None;
  };
  explicit Table(const std::vector<std::string>& head);
  void row(std::vector<Cell> cells);
  void write(Stream& out) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

/// How many columns `text` takes on a terminal: its characters, each taken as one column wide.
[[nodiscard]] std::size_t width(std::string_view text);
/// `text` cut to `columns`, with a sign that something was cut.
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);
/// The first line of `text`, control characters made visible.
[[nodiscard]] std::string one_line(std::string_view text);
/// For people: `12ms`, `0.8s`, `42s`, `3m 05s`, `2h 07m`, `4d 03h`.
[[nodiscard]] std::string human_duration(std::chrono::microseconds value);

}  // namespace cloacina::cli
