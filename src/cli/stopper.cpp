#include "cli/stopper.hpp"

#include <future>

namespace cloacina::cli {

namespace {
/// In words: until it is done.
constexpr std::chrono::hours no_deadline{24 * 365};
/// The signal that it is done comes a moment before it is.
constexpr std::chrono::milliseconds between_looks{50};
constexpr std::chrono::milliseconds until_announced{2};
}  // namespace

StopReport drain(Runner& runner, Signals& signals, const std::function<void()>& announce) {
  bool announced = !announce;
  auto stopping = std::async(std::launch::async, [&] {
    struct Done {
      ~Done() { Signals::wake(); }
    } done;
    return runner.stop(no_deadline);
  });
  while (stopping.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
    if (!announced && runner.stats().draining) {
      announce();
      announced = true;
    }
    // A second stop brings the deadline of the first forward.
    if (signals.next(announced ? between_looks : until_announced) == Signals::Kind::Stop) runner.stop(std::chrono::milliseconds{0});
  }
  return stopping.get();
}

}  // namespace cloacina::cli
