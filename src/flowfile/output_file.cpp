#include "flowfile/output_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "os/fd.hpp"

namespace cloacina::flowfile {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, "the output of the command (CLOACINA_OUTPUT) " + why);
}

/// What was written; nothing when the command removed the file.
std::string contents(const std::filesystem::path& path) {
  // A link could lead to what the command itself may not read, and opening a pipe could wait for ever.
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return {};
  if (!file && errno == ELOOP) refuse("is a link, not a regular file");
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) refuse("cannot be read: " + os::errno_text(errno));
  if (!S_ISREG(facts.st_mode)) refuse("is not a regular file");
  std::string text;
  const auto too_large = [](auto size) { return static_cast<std::size_t>(size) > output_file_bytes_max; };
  while (!too_large(facts.st_size)) {
    constexpr std::size_t step = 256 * 1024;
    const std::size_t before = text.size();
    text.resize(before + step);
    const ssize_t size = ::read(file.get(), text.data() + before, step);
    text.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) refuse("cannot be read: " + os::errno_text(errno));
    if (size == 0) return text;
    if (too_large(text.size())) break;
  }
  refuse("has more than " + std::to_string(output_file_bytes_max / (1024 * 1024)) + " MiB");
}

Json parse(const std::string& text) {
  const auto check_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > output_levels_max) refuse("is nested more than " + std::to_string(output_levels_max) + " levels deep");
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (const Json::exception& e) {
    const std::string_view what = e.what();
    const std::size_t end_of_name = what.find("] ");
    refuse("is not JSON: " + std::string(end_of_name == std::string_view::npos ? what : what.substr(end_of_name + 2)));
  }
}

}  // namespace

OutputFile::OutputFile() {
  std::error_code no_folder;
  std::filesystem::path temporary = std::filesystem::temp_directory_path(no_folder);
  if (no_folder) temporary = "/tmp";
  std::string name = (std::filesystem::absolute(temporary) / "cloacina-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) os::throw_errno("cannot make a temporary folder in '" + temporary.string() + "'", errno);
  folder_ = name;
  path_ = folder_ / "output";
  const os::Fd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) {
    const int error = errno;
    ::rmdir(folder_.c_str());
    os::throw_errno("cannot make the file '" + path_.string() + "'", error);
  }
}

OutputFile::~OutputFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Json OutputFile::read() const {
  const std::string text = contents(path_);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  Json value = parse(text);
  if (!value.is_object()) refuse(std::string("is a JSON ") + value.type_name() + ", not an object");
  return value;
}

}  // namespace cloacina::flowfile
