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

  [[nodiscard]] int fd() const override { return session_ ? PQsocket(session_->handle()) : -1; }

  [[nodiscard]] bool hints_early() const override { return false; }

  bool drain(std::int64_t except) override {
    if (!session_) {
      if (Clock::now() < next_try_) return false;
      listen();
      return session_.has_value();  // something may have happened in between
    }
    if (PQconsumeInput(session_->handle()) != 1) {
      session_.reset();
      next_try_ = Clock::now() + gap_;
      return true;
    }
    bool any = false;
    while (const std::unique_ptr<PGnotify, FreeNotify> notify{PQnotifies(session_->handle())}) {
      any = any || notify->be_pid != except;
    }
    return any;
  }

 private:
  void listen() {
    try {
      session_.emplace(target_);
      gap_ = gap_min;
      if (session_->pooled()) {
        // Nobody can listen there, ever.
        session_.reset();
        next_try_ = Clock::time_point::max();
        return;
      }
      const std::string action = "listening";
      const auto channel = session_->text("SELECT quote_ident('cloacina_' || left(current_schema(), 54))", action).value_or("");
      session_->execute("LISTEN " + channel, action);
    } catch (const Error&) {
      session_.reset();
      next_try_ = Clock::now() + gap_;
      gap_ = std::min<std::chrono::seconds>(gap_ * 2, gap_max);
    }
  }

  Target target_;
  std::optional<PlainSession> session_;
  std::chrono::seconds gap_ = gap_min;
  Clock::time_point next_try_{};
};

}  // namespace

std::unique_ptr<ChangeWatch> make_watch(const Target& target) { return std::make_unique<PgWatch>(target); }

}  // namespace cloacina::store::postgres
