#pragma once

#include <cstdint>
#include <string>

namespace cloacina::os {

/// The name of this machine; `localhost` when it has none.
[[nodiscard]] std::string host_name();

/// The name of the user whose rights this process has; the number where the system knows no name.
[[nodiscard]] std::string user_name();

[[nodiscard]] std::int64_t process_id() noexcept;

/// This process's environment, null-terminated; not to be kept while others change it.
[[nodiscard]] char** environment() noexcept;

/// `SIGSEGV`, or `signal 77` for one without a name.
[[nodiscard]] std::string signal_name(int signal);

/// 64 bits from the system's random numbers. *Throws* Error{Unavailable} when there are none.
[[nodiscard]] std::uint64_t random_seed();

/// So many letters and digits that nobody can guess. *Throws* as `random_seed`.
[[nodiscard]] std::string random_text(std::size_t size);

}  // namespace cloacina::os
