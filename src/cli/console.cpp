#include "cli/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace cloacina::cli {

namespace {

constexpr std::size_t pending_bytes_max = 64 * 1024;

bool wants_colors(bool terminal) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return terminal && (no_color == nullptr || *no_color == '\0') && (term == nullptr || std::string_view(term) != "dumb");
}

std::string_view code(Color color) {
  switch (color) {
    case Color::None:
      return "";
    case Color::Dim:
      return "\x1b[2m";
    case Color::Bold:
      return "\x1b[1m";
    case Color::Red:
      return "\x1b[31m";
    case Color::Green:
      return "\x1b[32m";
    case Color::Yellow:
      return "\x1b[33m";
    case Color::Blue:
      return "\x1b[34m";
  }
  return "";
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string two_parts(long long big, const char* big_unit, long long small, const char* small_unit) {
  return std::to_string(big) + big_unit + (small < 10 ? " 0" : " ") + std::to_string(small) + small_unit;
}

}  // namespace

Stream::Stream(int descriptor) : descriptor_(descriptor), terminal_(::isatty(descriptor) == 1), colors_(wants_colors(terminal_)) {}

void Stream::write(std::string_view text) {
  if (closed_) return;
  pending_ += text;
  if (pending_.size() >= pending_bytes_max) flush();
}

void Stream::line(std::string_view text) {
  write(text);
  write("\n");
}

void Stream::flush() {
  std::string_view left = pending_;
  while (!left.empty() && !closed_) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE || errno == EBADF) {
      closed_ = true;
    } else if (errno != EINTR && errno != EAGAIN) {
      const int error = errno;
      closed_ = true;
      pending_.clear();
      throw std::system_error(error, std::generic_category(), descriptor_ == 1 ? "standard output" : "standard error");
    }
  }
  pending_.clear();
}

std::string Stream::paint(Color color, std::string_view text) const {
  if (!colors_ || color == Color::None) return std::string(text);
  return std::string(code(color)) + std::string(text) + "\x1b[0m";
}

Stream::Size Stream::size() const {
  winsize found{};
  if (::ioctl(descriptor_, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0) return {};
  return {found.ws_col, found.ws_row};
}

Table::Table(const std::vector<std::string>& head) {
  std::vector<Cell> cells;
  for (const auto& text : head) cells.push_back({text, Color::Bold});
  rows_.push_back(std::move(cells));
}

void Table::row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

void Table::write(Stream& out) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i].text));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += out.paint(row[i].color, row[i].text);
      if (i + 1 < row.size()) line += std::string(widths[i] - width(row[i].text) + 2, ' ');
    }
    out.line(line);
  }
}

std::size_t width(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

std::string cut(std::string_view text, std::size_t columns) {
  if (width(text) <= columns) return std::string(text);
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    if (continues_character(text[bytes])) continue;
    if (seen + 1 >= columns) break;
    ++seen;
  }
  return std::string(text.substr(0, bytes)) + (columns > 0 ? "…" : "");
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, text.find('\n'))) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return out;
}

std::string human_duration(std::chrono::microseconds value) {
  const long long ms = std::max<long long>(value.count(), 0) / 1'000;
  const long long s = ms / 1'000;
  if (ms < 100) return std::to_string(ms) + "ms";
  if (ms < 10'000) return std::to_string(ms / 1'000) + "." + std::to_string(ms % 1'000 / 100) + "s";
  if (s < 60) return std::to_string(s) + "s";
  if (s < 3'600) return two_parts(s / 60, "m", s % 60, "s");
  if (s < 86'400) return two_parts(s / 3'600, "h", s % 3'600 / 60, "m");
  return two_parts(s / 86'400, "d", s % 86'400 / 3'600, "h");
}

}  // namespace cloacina::cli
