#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "os/temp_dir.hpp"

namespace cloacina::test {

/// Stands between a client and the server's socket, and loses what it is told to lose.
class Proxy {
 public:
  /// Where to cut the connection around the next COMMIT.
  enum class Cut { Nowhere, BeforeCommit, AfterCommit };

  explicit Proxy(std::string server_folder) : server_(std::move(server_folder) + "/.s.PGSQL.5432") {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_of((folder_ / ".s.PGSQL.5432").string());
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 16) != 0) {
      throw std::runtime_error("the proxy has no socket");
    }
    thread_ = std::thread([this] { accept_all(); });
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (auto& t : pumps_) t.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  void cut(Cut where) { cut_ = where; }
  [[nodiscard]] int cuts() const { return cuts_; }
  /// While true, nobody is let through.
  std::atomic<bool> refuse{false};

 private:
  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
  }

  void accept_all() {
    while (!ending_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      if (refuse) {
        ::close(client);
        continue;
      }
      pumps_.emplace_back([this, client] { pump(client); });
    }
  }

  void pump(int client) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_of(server_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) forward(client, server);
    ::close(server);
    ::close(client);
  }

  void forward(int client, int server) {
    std::array<char, 65'536> buffer{};
    bool losing = false;
    while (!ending_) {
      std::array<pollfd, 2> fds{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), 50) < 0) return;
      if (fds[0].revents != 0) {
        const auto n = ::read(client, buffer.data(), buffer.size());
        if (n <= 0) return;
        // A Bind of the statement `commit`: an empty portal's name, then the statement's.
        const std::string_view data(buffer.data(), static_cast<std::size_t>(n));
        using std::string_view_literals::operator""sv;
        if (data.find("\0commit\0"sv) != std::string_view::npos) {
          if (cut_.load() == Cut::BeforeCommit) {
            cut_ = Cut::Nowhere;
            ++cuts_;
            return;
          }
          losing = cut_.load() == Cut::AfterCommit;
        }
        if (!write_all(server, data)) return;
      }
      if (fds[1].revents != 0) {
        const auto n = ::read(server, buffer.data(), buffer.size());
        if (n <= 0) return;
        const std::string_view data(buffer.data(), static_cast<std::size_t>(n));
        if (losing && data.find("COMMIT") != std::string_view::npos) {
          cut_ = Cut::Nowhere;
          ++cuts_;
          return;  // the server has answered; nobody hears of it
        }
        if (!write_all(client, data)) return;
      }
    }
  }

  static bool write_all(int fd, std::string_view data) {
    while (!data.empty()) {
      const auto n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  os::test::TempDir folder_;
  std::string server_;
  int listener_ = -1;
  std::atomic<bool> ending_{false};
  std::atomic<Cut> cut_{Cut::Nowhere};
  std::atomic<int> cuts_{0};
  std::vector<std::thread> pumps_;
  std::thread thread_;
};

}  // namespace cloacina::test
