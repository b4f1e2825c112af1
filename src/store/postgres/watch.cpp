// Hears of others' commits by LISTEN. Where that is not to be had, the loop looks by itself.
#include "store/postgres/database.hpp"
#include "store/postgres/schema.hpp"

namespace cloacina::store::postgres {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds gap_min{1};
constexpr std::chrono::seconds gap_max{30};

struct FreeNotify {
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
};

class PgWatch final : public ChangeWatch {
 public:
  explicit PgWatch(const Target& target) : target_(target) { listen(); }

  [[nodiscard]] int fd() const override { return handle_ ? PQsocket(handle_.get()) : -1; }

  bool drain() override {
    if (!handle_) {
      if (Clock::now() < next_try_) return false;
      listen();
      return handle_ != nullptr;  // something may have happened in between
    }
    if (PQconsumeInput(handle_.get()) != 1) {
      handle_.reset();
      next_try_ = Clock::now() + gap_;
      return true;
    }
    bool any = false;
    while (const std::unique_ptr<PGnotify, FreeNotify> notify{PQnotifies(handle_.get())}) any = true;
    return any;
  }

 private:
  void listen() {
    try {
      handle_ = connect(target_);
      const std::string action = "listening";
      const auto schema = text(handle_.get(), "SELECT left(current_schema(), 54)", action).value_or("");
      const std::unique_ptr<char, void (*)(void*)> channel(
          PQescapeIdentifier(handle_.get(), ("cloacina_" + schema).c_str(), schema.size() + 9), &PQfreemem);
      if (!channel) throw make_error("", action, "the schema's name cannot be quoted");
      execute(handle_.get(), std::string("LISTEN ") + channel.get(), action);
      gap_ = gap_min;
    } catch (const Error&) {
      handle_.reset();
      next_try_ = Clock::now() + gap_;
      gap_ = std::min<std::chrono::seconds>(gap_ * 2, gap_max);
    }
  }

  Target target_;
  Handle handle_;
  std::chrono::seconds gap_ = gap_min;
  Clock::time_point next_try_{};
};

}  // namespace

std::unique_ptr<ChangeWatch> make_watch(const Target& target) { return std::make_unique<PgWatch>(target); }

}  // namespace cloacina::store::postgres
