#include "delay_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>

namespace cloacina::bench {

namespace {

using Clock = std::chrono::steady_clock;

int connect_or_listen(const std::string& folder, bool listening) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder + "/.s.PGSQL.5432").c_str(), sizeof address.sun_path - 1);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  const bool done =
      listening ? ::bind(fd, to, sizeof address) == 0 && ::listen(fd, 64) == 0 : ::connect(fd, to, sizeof address) == 0;
  if (!done) throw std::runtime_error("the proxy cannot use " + folder);
  return fd;
}

}  // namespace

DelayProxy::DelayProxy(std::string server, std::chrono::microseconds delay) : server_(std::move(server)), half_(delay / 2) {
  std::string name = "/tmp/cloacina-far-XXXXXX";  // short: the path of a socket has 107 bytes
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  folder_ = name;
  listener_ = connect_or_listen(name, true);
  thread_ = std::thread([this] { accept_all(); });
}

DelayProxy::~DelayProxy() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  for (auto& t : pumps_) t.join();
  ::close(listener_);
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void DelayProxy::accept_all() {
  while (!ending_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = connect_or_listen(server_, false);
    // Closed by the last of the two directions.
    const auto both = std::shared_ptr<void>(nullptr, [client, server](void*) {
      ::close(client);
      ::close(server);
    });
    pumps_.emplace_back([this, client, server, both] { pump(client, server); });
    pumps_.emplace_back([this, client, server, both] { pump(server, client); });
  }
}

void DelayProxy::pump(int from, int to) {
  std::array<char, 65'536> buffer{};
  std::deque<std::pair<Clock::time_point, std::string>> under_way;
  bool open = true;
  while (!ending_ && (open || !under_way.empty())) {
    auto wait = std::chrono::nanoseconds{std::chrono::milliseconds{50}};
    if (!under_way.empty())
      wait = std::clamp(std::chrono::nanoseconds{under_way.front().first - Clock::now()}, std::chrono::nanoseconds{0}, wait);
    const timespec timeout{0, static_cast<long>(wait.count())};
    pollfd one{from, static_cast<short>(open ? POLLIN : 0), 0};
    (void)::ppoll(&one, 1, &timeout, nullptr);
    if (open && (one.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      const auto n = ::read(from, buffer.data(), buffer.size());
      if (n <= 0) {
        open = false;
      } else {
        under_way.emplace_back(Clock::now() + half_, std::string(buffer.data(), static_cast<std::size_t>(n)));
      }
    }
    while (!under_way.empty() && under_way.front().first <= Clock::now()) {
      const auto& data = under_way.front().second;
      if (::send(to, data.data(), data.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(data.size())) open = false;
      under_way.pop_front();
    }
  }
  ::shutdown(to, SHUT_RDWR);
}

}  // namespace cloacina::bench
