#include "os/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "os/descriptors.hpp"
#include "os/guard.hpp"

namespace cloacina::os {

namespace {

constexpr std::size_t read_bytes = 64 * 1024;

/// The last bytes of a stream.
class Tail {
 public:
  explicit Tail(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void append(std::string_view bytes) {
    if (bytes.size() > bytes_max_) {
      truncated_ = true;
      bytes.remove_prefix(bytes.size() - bytes_max_);
    }
    bytes_ += bytes;
    // In large steps, so that a stream of gigabytes is moved once and not for every read.
    if (bytes_.size() >= 2 * bytes_max_ + read_bytes) trim();
  }
  [[nodiscard]] bool truncated() const { return truncated_ || bytes_.size() > bytes_max_; }
  [[nodiscard]] std::string take() {
    trim();
    return std::move(bytes_);
  }

 private:
  void trim() {
    if (bytes_.size() <= bytes_max_) return;
    truncated_ = true;
    bytes_.erase(0, bytes_.size() - bytes_max_);
  }

  std::size_t bytes_max_;
  std::string bytes_;
  bool truncated_ = false;
};

[[noreturn]] void throw_system_error(int error) { throw std::system_error(error, std::system_category()); }

/// Where `name` may be, in order: each folder of PATH, or `name` itself when it has a slash.
std::vector<std::string> candidates(const std::string& name, const std::vector<std::string>& env) {
  if (name.empty() || name.find('/') != std::string::npos) return {name};
  constexpr std::string_view variable = "PATH=";
  std::string_view folders = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& entry : env) {
    if (entry.starts_with(variable)) folders = std::string_view(entry).substr(variable.size());
  }
  std::vector<std::string> paths;
  while (true) {
    const std::size_t colon = std::min(folders.find(':'), folders.size());
    const std::string folder(folders.substr(0, colon));
    paths.push_back(folder.empty() ? "./" + name : folder + '/' + name);
    if (colon == folders.size()) return paths;
    folders.remove_prefix(colon + 1);
  }
}

/// Null-terminated, as execve wants it. Valid as long as `strings`.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  // execve takes char* for historical reasons and writes nothing.
  for (const auto& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

/// What no system call would report: a C string would end too early.
std::string problem_of(const ChildSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) return "cannot run a command without a program";
  const std::string prefix = "cannot run '" + std::string(spec.argv.front().c_str()) + "': ";
  if (std::ranges::any_of(spec.argv, has_nul)) return prefix + "an argument contains a NUL character";
  if (std::ranges::any_of(spec.env, has_nul)) return prefix + "an environment variable contains a NUL character";
  if (has_nul(spec.cwd.native())) return prefix + "the working directory contains a NUL character";
  return {};
}

/// One command that runs, seen from the runner's side.
class Child {
 public:
  explicit Child(const ChildSpec& spec) : spec_(spec), out_(spec.output_bytes_max), err_(spec.output_bytes_max) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    control_.reset();  // tells the guard to end, should it still be there
    if (guard_ > 0) reap_guard(guard_);
  }

  ChildResult run(const std::stop_token& stop) {
    start();
    {
      const std::stop_callback ask(stop, [this] { ::send(control_.get(), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); });
      while (!over_) turn();
    }
    drain(out_fd_, out_);
    drain(err_fd_, err_);
    result_.out_truncated = out_.truncated();
    result_.err_truncated = err_.truncated();
    result_.out = out_.take();
    result_.err = err_.take();
    return std::move(result_);
  }

 private:
  void start() {
    const Fd in = make_memory_file(spec_.input);
    auto out = make_pipe();
    auto err = make_pipe();
    auto control = make_control();
    const auto programs = candidates(spec_.argv.front(), spec_.env);
    guard_ = start_guard({.programs = pointers(programs).data(),
                          .argv = pointers(spec_.argv).data(),
                          .env = pointers(spec_.env).data(),
                          .cwd = spec_.cwd.empty() ? nullptr : spec_.cwd.c_str(),
                          .scratch_file = spec_.scratch_file.c_str(),
                          .in = in.get(),
                          .out = out.second.get(),
                          .err = err.second.get(),
                          .control = control.second.get(),
                          .kill_after_ns = std::chrono::nanoseconds(spec_.kill_after).count()});
    if (guard_ < 0) throw_system_error(-guard_);
    out_fd_ = std::move(out.first);
    err_fd_ = std::move(err.first);
    control_ = std::move(control.first);
  }

  /// Waits for something to happen and takes it in.
  void turn() {
    std::array<pollfd, 3> fds{pollfd{control_.get(), POLLIN, 0}, pollfd{out_fd_.get(), POLLIN, 0},
                              pollfd{err_fd_.get(), POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) return;
      throw_system_error(errno);
    }
    if (fds[1].revents != 0) read_some(out_fd_, out_);
    if (fds[2].revents != 0) read_some(err_fd_, err_);
    if (fds[0].revents != 0) read_report();
  }

  /// One read; closes the stream at its end. The number of bytes.
  std::size_t read_some(Fd& fd, Tail& tail) {
    const ssize_t size = ::read(fd.get(), buffer_.data(), buffer_.size());
    if (size > 0) tail.append({buffer_.data(), static_cast<std::size_t>(size)});
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) fd.reset();
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }

  /// Takes what is left in the pipe, and no more than it can hold: a process that nobody may kill could write for ever.
  void drain(Fd& fd, Tail& tail) {
    if (!fd) return;
    const int capacity = ::fcntl(fd.get(), F_GETPIPE_SZ);
    auto left = static_cast<std::size_t>(std::max(capacity, 0));
    while (left > 0 && fd) {
      const std::size_t size = read_some(fd, tail);
      if (size == 0) return;
      left -= std::min(left, size);
    }
  }

  void read_report() {
    GuardReport report;
    const ssize_t size = ::recv(control_.get(), &report, sizeof report, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size != sizeof report) return guard_died();
    over_ = report.event != GuardReport::Event::Started;
    result_.stopped = report.stopped;
    switch (report.event) {
      case GuardReport::Event::NotStarted:
        result_.error = "cannot run '" + spec_.argv.front() + "': " + errno_text(report.number);
        return;
      case GuardReport::Event::FolderMissing:
        result_.error = "cannot run '" + spec_.argv.front() + "' in '" + spec_.cwd.string() + "': " + errno_text(report.number);
        return;
      case GuardReport::Event::Started:
        group_ = report.number;
        return;
      case GuardReport::Event::Exited:
        result_.exit = report.number;
        return;
      case GuardReport::Event::Killed:
        result_.signal = report.number;
        return;
    }
  }

  /// Somebody killed the guard. The kernel kills the command with it; the rest of its group is killed here.
  void guard_died() {
    over_ = true;
    if (group_ > 0) ::kill(-group_, SIGKILL);
    result_.error = "lost '" + spec_.argv.front() + "': the process that guards it was killed";
  }

  const ChildSpec& spec_;
  ChildResult result_;
  pid_t guard_ = -1;
  pid_t group_ = -1;
  bool over_ = false;
  Fd control_;
  Fd out_fd_;
  Fd err_fd_;
  Tail out_;
  Tail err_;
  std::vector<char> buffer_ = std::vector<char>(read_bytes);
};

}  // namespace

ChildResult run_child(const ChildSpec& spec, std::stop_token stop) {
  ChildResult result;
  result.error = problem_of(spec);
  if (!result.error.empty()) return result;
  result.stopped = stop.stop_requested();
  if (result.stopped) return result;
  try {
    return Child(spec).run(stop);
  } catch (const std::system_error& e) {
    result.error = "cannot run '" + spec.argv.front() + "': " + e.code().message();
    return result;
  }
}

}  // namespace cloacina::os
