#include "cli/stopper.hpp"

#include <future>

namespace cloacina::cli {

namespace {
/// In words: until it is done.
constexpr std::chrono::hours no_deadline{24 * 365};
}  // namespace

StopReport drain(Runner& runner, Signals& signals) {
  auto stopping = std::async(std::launch::async, [&] {
    struct Done {
      ~Done() { Signals::wake(); }
    } done;
    return runner.stop(no_deadline);
  });
  while (signals.next() != Signals::Kind::Wake) {
    // A second stop brings the deadline of the first forward.
    runner.stop(std::chrono::milliseconds{0});
  }
  return stopping.get();
}

}  // namespace cloacina::cli
