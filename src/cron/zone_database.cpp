#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "cloacina/error.hpp"
#include "cloacina/time_zone.hpp"
#include "cron/fields.hpp"
#include "cron/zone_data.hpp"
#include "cron/zone_names.hpp"

namespace cloacina {

namespace cron {
namespace {

constexpr std::size_t zone_bytes_max = 1 << 20;
/// Names that do not exist and are looked for all the same; they may come from anybody.
constexpr std::size_t missing_max = 1'000;

/// What tells one state of a file from another without reading it.
struct FileStamp {
  std::uintmax_t size = 0;
  std::filesystem::file_time_type modified{};

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

std::optional<FileStamp> stamp_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  FileStamp stamp;
  stamp.size = std::filesystem::file_size(path, error);
  if (!error) stamp.modified = std::filesystem::last_write_time(path, error);
  return error ? std::nullopt : std::optional(stamp);
}

std::string read_some(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(bytes_max, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes_max));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace

class ZoneCache {
 public:
  explicit ZoneCache(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

  TimeZone zone(std::string_view name) {
    if (name == "UTC") return TimeZone{};
    const std::lock_guard lock(mutex_);
    const auto known = zones_.find(name);
    if (known != zones_.end()) return known->second.zone;
    // Asked for and not there: refresh() tells when it comes.
    if (is_zone_name(name) && missing_.size() < missing_max) missing_.emplace(name);
    Entry entry = load(name);
    if (const auto missed = missing_.find(name); missed != missing_.end()) missing_.erase(missed);
    return zones_.emplace(std::string(name), std::move(entry)).first->second.zone;
  }

  std::vector<std::string> refresh() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> changed;
    for (auto entry = zones_.begin(); entry != zones_.end();) {
      auto& [name, known] = *entry;
      if (stamp_of(path_of(name)) == known.stamp) {
        ++entry;
        continue;
      }
      try {
        Entry fresh = load(name);
        if (!(fresh.zone == known.zone)) changed.push_back(name);
        known = std::move(fresh);
        ++entry;
      } catch (const Error&) {
        // zone(name) will say why, to the one who asks.
        changed.push_back(name);
        missing_.insert(name);
        entry = zones_.erase(entry);
      }
    }
    for (auto name = missing_.begin(); name != missing_.end();) {
      try {
        if (!stamp_of(path_of(*name))) throw Error(ErrorCode::NotFound, *name);
        zones_.emplace(*name, load(*name));
        changed.push_back(*name);
        name = missing_.erase(name);
      } catch (const Error&) {
        ++name;
      }
    }
    return changed;
  }

  [[nodiscard]] std::vector<std::string> names() const {
    namespace fs = std::filesystem;
    std::vector<std::string> result{"UTC"};
    std::error_code ignored;
    for (fs::recursive_directory_iterator it(directory_, ignored), end; it != end; it.increment(ignored)) {
      const std::string name = it->path().lexically_relative(directory_).generic_string();
      if (it->is_directory(ignored)) {
        if (!is_zone_name(name + "/x")) it.disable_recursion_pending();
      } else if (name != "UTC" && is_zone_name(name) && read_some(it->path().string(), 4) == "TZif") {
        result.push_back(name);
      }
    }
    std::sort(result.begin(), result.end());
    return result;
  }

 private:
  struct Entry {
    TimeZone zone;
    FileStamp stamp;
  };

  [[nodiscard]] std::string path_of(std::string_view name) const { return directory_ + "/" + std::string(name); }

  [[nodiscard]] Entry load(std::string_view name) const {
    if (!is_zone_name(name)) refuse(name);
    const std::string path = path_of(name);
    // The stamp before the contents: a change in between is seen by the next refresh.
    const auto stamp = stamp_of(path);
    if (!stamp) refuse(name);
    const std::string bytes = read_some(path, zone_bytes_max);
    if (!bytes.starts_with("TZif")) refuse(name);
    return {TimeZone(std::make_shared<const ZoneData>(std::string(name), read_tzif(bytes, name))), *stamp};
  }

  [[noreturn]] void refuse(std::string_view name) const {
    const auto known = names();
    std::string text = "time zone " + quoted(name);
    if (known.size() == 1) {
      text += ": there is no time zone database in " + directory_ + "; install the package tzdata, or use UTC";
    } else if (const std::string offset = zone_for_offset(name); !offset.empty()) {
      text += " is an offset, not a zone; write " + offset;
      if (offset != "UTC") text += " (in these names the sign is reversed)";
    } else {
      text += " does not exist in " + directory_;
      if (const std::string likely = likely_zone(name, known); !likely.empty()) text += "; did you mean " + likely + "?";
    }
    throw Error(ErrorCode::InvalidArgument, text);
  }

  std::string directory_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> zones_;
  std::set<std::string, std::less<>> missing_;  // asked for, and not there or damaged
};

}  // namespace cron

ZoneDatabase ZoneDatabase::system() {
  if (const char* chosen = std::getenv("TZDIR"); chosen != nullptr && *chosen != '\0') return ZoneDatabase(chosen);
  std::error_code ignored;
  for (const char* directory : {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}) {
    if (std::filesystem::is_directory(directory, ignored)) return ZoneDatabase(directory);
  }
  return ZoneDatabase("/usr/share/zoneinfo");
}

ZoneDatabase::ZoneDatabase(std::string directory) : cache_(std::make_shared<cron::ZoneCache>(std::move(directory))) {}

TimeZone ZoneDatabase::zone(std::string_view name) const { return cache_->zone(name); }
std::vector<std::string> ZoneDatabase::names() const { return cache_->names(); }
const std::string& ZoneDatabase::directory() const noexcept { return cache_->directory(); }
std::vector<std::string> ZoneDatabase::refresh() const { return cache_->refresh(); }

std::string ZoneDatabase::version() const {
  constexpr std::size_t line_max = 64;
  const auto first_line = [&](const char* file) {
    const std::string text = cron::read_some(directory() + file, line_max);
    return text.substr(0, text.find('\n'));
  };
  // Both are installed by the database's own makefile; distributions keep one or the other.
  constexpr std::string_view mark = "# version ";
  if (const std::string line = first_line("/tzdata.zi"); line.starts_with(mark)) return line.substr(mark.size());
  const std::string line = first_line("/+VERSION");
  return line.empty() ? "unknown" : line;
}

}  // namespace cloacina
