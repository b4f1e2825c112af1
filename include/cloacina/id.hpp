#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cloacina/export.hpp"

namespace cloacina {

/// Names one execution: a UUIDv7 (RFC 9562), made by whoever submits, so that a submission can be repeated without harm. Ids made
/// later on one machine compare greater, to the millisecond.
class CLOACINA_API ExecutionId {
 public:
  ExecutionId() = default;  ///< the nil id, which no execution has
  explicit ExecutionId(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  /// A new id from the system's clock and randomness. Thread-safe.
  [[nodiscard]] static ExecutionId generate();
  /// Reads the 36-character text form, in either letter case. *Throws* Error{InvalidArgument} that quotes the text.
  [[nodiscard]] static ExecutionId parse(std::string_view text);

  /// `0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f`
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool is_nil() const noexcept { return bytes_ == std::array<std::uint8_t, 16>{}; }

  friend auto operator<=>(const ExecutionId&, const ExecutionId&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace cloacina

template <>
struct std::hash<cloacina::ExecutionId> {
  std::size_t operator()(const cloacina::ExecutionId& id) const noexcept {
    std::size_t h = 14695981039346656037ULL;
    for (const auto byte : id.bytes()) h = (h ^ byte) * 1099511628211ULL;
    return h;
  }
};
