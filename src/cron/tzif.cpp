#include "cron/tzif.hpp"

#include <array>
#include <limits>

#include "cloacina/error.hpp"

namespace cloacina::cron {

namespace {

constexpr std::size_t header_bytes = 44;
/// RFC 9636: offsets lie between -25 h and +26 h.
constexpr std::int64_t offset_min = -25 * 3600;
constexpr std::int64_t offset_max = 26 * 3600;

[[noreturn]] void corrupt(std::string_view name, std::string_view what) {
  throw Error(ErrorCode::Corrupt, "time zone '" + std::string(name) + "': its file is damaged: " + std::string(what));
}

/// A bounds-checked big-endian reader.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) corrupt(name_, "it ends too early");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::int64_t integer(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : take(width)) value = value << 8 | static_cast<unsigned char>(c);
    if (width == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }
  std::size_t count() { return static_cast<std::size_t>(static_cast<std::uint32_t>(integer(4))); }
  [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }

 private:
  std::string_view bytes_;
  std::string_view name_;
  std::size_t at_ = 0;
};

struct Header {
  char version;
  std::size_t isut, isstd, leap, time, type, chars;
  [[nodiscard]] std::size_t body_bytes(std::size_t width) const {
    return time * width + time + type * 6 + chars + leap * (width + 4) + isstd + isut;
  }
};

Header read_header(Reader& reader, std::string_view name) {
  if (reader.take(4) != "TZif") corrupt(name, "it does not begin with 'TZif'");
  Header header{};
  header.version = reader.take(1)[0];
  reader.take(15);
  header.isut = reader.count();
  header.isstd = reader.count();
  header.leap = reader.count();
  header.time = reader.count();
  header.type = reader.count();
  header.chars = reader.count();
  return header;
}

/// Entries with equal offsets become one, and so do entries that begin together, of which the later counts.
void append(Offsets& offsets, Transition next) {
  while (offsets.size() > 1 && offsets.back().begin >= next.begin) offsets.pop_back();
  if (offsets.back().offset != next.offset) offsets.push_back(next);
}

}  // namespace

Offsets read_tzif(std::string_view bytes, std::string_view name) {
  Reader reader(bytes, name);
  Header header = read_header(reader, name);
  std::size_t width = 4;
  if (header.version >= '2') {
    reader.take(header.body_bytes(4));
    header = read_header(reader, name);
    width = 8;
  }
  if (header.leap != 0) corrupt(name, "it counts leap seconds, as those under right/ do");
  if (header.type == 0) corrupt(name, "it has no local time type");

  Reader times(reader.take(header.time * width), name);
  const std::string_view kinds = reader.take(header.time);
  std::vector<std::int32_t> types;
  for (std::size_t i = 0; i < header.type; ++i) {
    const std::int64_t offset = reader.integer(4);
    if (offset < offset_min || offset > offset_max) corrupt(name, "an offset is out of range");
    types.push_back(static_cast<std::int32_t>(offset));
    reader.take(2);
  }
  reader.take(header.chars + header.isstd + header.isut);

  Offsets offsets{{beginning_of_time, types[0]}};
  UtcSecond last = beginning_of_time;
  for (std::size_t i = 0; i < header.time; ++i) {
    const UtcSecond begin = times.integer(width);
    const auto kind = static_cast<unsigned char>(kinds[i]);
    if (kind >= types.size()) corrupt(name, "a transition has an unknown type");
    if (i > 0 && begin <= last) corrupt(name, "its transitions are not in order");
    last = begin;
    // What lies before all time that we use is folded into the first entry.
    if (begin <= -400 * day_seconds) {
      offsets.front().offset = types[kind];
    } else {
      append(offsets, {begin, types[kind]});
    }
  }
  if (width == 8) {
    const std::string_view rest = reader.rest();
    const std::size_t end = rest.size() < 2 ? std::string_view::npos : rest.find('\n', 1);
    if (rest.empty() || rest[0] != '\n' || end == std::string_view::npos) corrupt(name, "its footer is missing");
    if (end > 1) {
      // The footer speaks of the time after the last transition, even if that transition changed nothing.
      Offsets future{{beginning_of_time, 0}};
      append_posix_rule(future, rest.substr(1, end - 1), name);
      for (std::size_t i = 1; i < future.size(); ++i) {
        if (future[i].begin > last) append(offsets, future[i]);
      }
      if (future.size() == 1) append(offsets, {std::max(last, -400 * day_seconds), future.front().offset});
    }
  }
  return offsets;
}

}  // namespace cloacina::cron
