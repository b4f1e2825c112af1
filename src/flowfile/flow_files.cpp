#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "cloacina/flowfile.hpp"
#include "core/text.hpp"
#include "flowfile/flow_reader.hpp"
#include "flowfile/yaml_input.hpp"

namespace cloacina {

namespace {

namespace fs = std::filesystem;
using flowfile::LoadedFile;
using flowfile::NamePlace;

LoadedFile refuse(const fs::path& path, const std::string& text) {
  LoadedFile out;
  out.content.problems.push_back({path.string(), 1, 1, text});
  return out;
}

std::string reason(int error) { return std::generic_category().message(error); }

LoadedFile load(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return refuse(path, "cannot be read: it is a folder");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return refuse(path, "cannot be read: " + reason(errno != 0 ? errno : EIO));
  // One byte more than is allowed tells that there is more; the rest is never read.
  std::string text(flowfile::file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refuse(path, "cannot be read: " + reason(errno != 0 ? errno : EIO));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const fs::path whole = fs::absolute(path, error);
  if (error) return refuse(path, "has no absolute path: " + error.message());
  return flowfile::load_text(text, {.file = path.string(), .folder = whole.lexically_normal().parent_path()});
}

/// The files that `paths` stand for, each once; what cannot be listed is left for `load` to refuse.
std::vector<fs::path> expand(const std::vector<fs::path>& paths, std::vector<FlowFileProblem>& problems) {
  std::vector<fs::path> out;
  std::set<fs::path> seen;
  const auto add = [&](const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    if (seen.insert(error ? path : real).second) out.push_back(path);
  };
  for (const auto& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add(path);
      continue;
    }
    std::vector<fs::path> files;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      const auto name = it->path().filename().string();
      const auto extension = it->path().extension();
      std::error_code ignored;
      if (name.starts_with('.') || (extension != ".yaml" && extension != ".yml") || it->is_directory(ignored)) continue;
      files.push_back(it->path());
    }
    if (error) problems.push_back({path.string(), 1, 1, "cannot be read: " + error.message()});
    std::sort(files.begin(), files.end());
    for (const auto& file : files) add(file);
  }
  return out;
}

/// Reports the names that another file has taken.
class UniqueNames {
 public:
  explicit UniqueNames(std::string what) : what_(std::move(what)) {}

  void add(const std::vector<NamePlace>& places, std::vector<FlowFileProblem>& problems) {
    for (const auto& place : places) {
      const auto [it, inserted] = first_.emplace(place.name, place);
      // Twice in one file is a problem of that file.
      if (inserted || it->second.file == place.file) continue;
      const auto& other = it->second;
      problems.push_back({place.file, place.at.line, place.at.column,
                          what_ + ' ' + core::quote(place.name) + " is already there, in " + other.file + ':' +
                              std::to_string(other.at.line) + ':' + std::to_string(other.at.column)});
    }
  }

 private:
  std::string what_;
  std::map<std::string, NamePlace> first_;
};

}  // namespace

FlowFile parse_flow_file(std::string_view text, const std::string& file, const std::filesystem::path& folder) {
  std::error_code error;
  const fs::path whole = folder.empty() ? fs::current_path(error) : fs::absolute(folder, error);
  if (error) return refuse(file, "its folder has no absolute path: " + error.message()).content;
  return flowfile::load_text(text, {.file = file, .folder = whole.lexically_normal()}).content;
}

FlowFile read_flow_file(const std::filesystem::path& path) { return load(path).content; }

FlowFile read_flow_files(const std::vector<std::filesystem::path>& paths) {
  FlowFile out;
  UniqueNames workflows("workflow");
  UniqueNames schedules("schedule");
  for (const auto& path : expand(paths, out.problems)) {
    auto loaded = load(path);
    auto& content = loaded.content;
    workflows.add(loaded.workflows, content.problems);
    schedules.add(loaded.schedules, content.problems);
    std::stable_sort(content.problems.begin(), content.problems.end(),
                     [](const auto& a, const auto& b) { return std::pair(a.line, a.column) < std::pair(b.line, b.column); });
    std::move(content.workflows.begin(), content.workflows.end(), std::back_inserter(out.workflows));
    std::move(content.schedules.begin(), content.schedules.end(), std::back_inserter(out.schedules));
    std::move(content.problems.begin(), content.problems.end(), std::back_inserter(out.problems));
  }
  if (!out.problems.empty()) {
    out.workflows.clear();
    out.schedules.clear();
  }
  return out;
}

}  // namespace cloacina
