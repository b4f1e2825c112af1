#pragma once

#include <mutex>

#include "cloacina/schedule.hpp"
#include "runner/readers.hpp"

namespace cloacina {

/// What the calls of `Schedules` work on.
struct CLOACINA_HIDDEN Schedules::Impl {
  runner::Readers& readers;
  /// Calls with the writing connection that no loop uses, and nobody else meanwhile.
  std::function<void(const std::function<void(store::Store&)>&)> with_writer;
  std::size_t context_bytes_max = 0;
  std::function<Timestamp()> now;
  std::string actor{};  ///< who does what is done here

  [[nodiscard]] store::ScheduleRow find(std::string_view name) const;
  [[noreturn]] void not_found(std::string_view name) const;
  /// Reads the schedule and writes what `change` made of it, again and again until nobody comes in between. `change` returns false
  /// to leave it.
  void edit(std::string_view name, const std::function<bool(store::ScheduleWrite&, Timestamp)>& change);
  [[nodiscard]] Event event(std::string kind, std::string detail = {}) const;
  [[nodiscard]] store::SubmitResult fire(const store::ExtraFiring& firing);
};

}  // namespace cloacina
