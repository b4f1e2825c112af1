#include "os/file_watch.hpp"

#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace cloacina::os {

namespace {
// IN_ATTRIB comes when a name of the file goes away while somebody has it open; IN_DELETE_SELF only when the last one closed it.
constexpr std::uint32_t file_events = IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t folder_events = IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
}  // namespace

FileWatch::FileWatch(std::filesystem::path file)
    : file_(std::move(file)),
      folder_(file_.has_parent_path() ? file_.parent_path() : "."),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_) arm();
}

bool FileWatch::drain() {
  bool written = false;
  bool moved = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (inotify_) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) written = moved = true;
      if (event.wd == file_watch_ && (event.mask & IN_MODIFY) != 0) written = true;
      // The kernel dropped the watch by itself: its number must not be compared any more.
      if ((event.mask & IN_IGNORED) != 0 && event.wd == file_watch_) file_watch_ = -1;
      if ((event.mask & IN_IGNORED) != 0 && event.wd == folder_watch_) folder_watch_ = -1;
      if ((event.mask & ~static_cast<std::uint32_t>(IN_MODIFY)) != 0) moved = true;
    }
  }
  return (moved && inotify_ && arm()) || written;
}

bool FileWatch::arm() {
  const int before = file_watch_;
  // Adding a watch to a file that has one gives the same number: that tells whether the name still means the same file.
  const auto watch_file = [&] { return file_watch_ = ::inotify_add_watch(inotify_.get(), file_.c_str(), file_events); };
  if (watch_file() < 0) {
    if (folder_watch_ < 0) folder_watch_ = ::inotify_add_watch(inotify_.get(), folder_.c_str(), folder_events);
    // The file may have come between the two calls. ENOENT is the one failure that the folder's watch makes up for.
    if (folder_watch_ < 0 || (watch_file() < 0 && errno != ENOENT)) {
      inotify_.reset();
      return false;
    }
  }
  if (before >= 0 && before != file_watch_) ::inotify_rm_watch(inotify_.get(), before);
  if (file_watch_ >= 0 && folder_watch_ >= 0) {
    ::inotify_rm_watch(inotify_.get(), folder_watch_);
    folder_watch_ = -1;
  }
  return file_watch_ >= 0 && file_watch_ != before;
}

}  // namespace cloacina::os
