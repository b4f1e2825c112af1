#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace cloacina::bench {

/// Stands before a server's socket and makes it as far away as a round trip of `delay` is.
class DelayProxy {
 public:
  /// `server` is the folder of its socket.
  DelayProxy(std::string server, std::chrono::microseconds delay);
  DelayProxy(const DelayProxy&) = delete;
  DelayProxy& operator=(const DelayProxy&) = delete;
  ~DelayProxy();
  /// The folder of its own socket.
  [[nodiscard]] std::string folder() const { return folder_.string(); }

 private:
  void accept_all();
  void pump(int from, int to);

  std::string server_;
  std::chrono::microseconds half_;
  std::filesystem::path folder_;
  int listener_ = -1;
  std::atomic<bool> ending_{false};
  std::vector<std::thread> pumps_;
  std::thread thread_;
};

}  // namespace cloacina::bench
