#include "cloacina/id.hpp"

#include <chrono>

#include "cloacina/error.hpp"
#include "core/hash.hpp"
#include "core/text.hpp"

namespace cloacina {

namespace {
constexpr char hex[] = "0123456789abcdef";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

ExecutionId ExecutionId::generate() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  std::array<std::uint8_t, 16> bytes{};
  core::random_bytes(bytes.data(), bytes.size());
  for (std::size_t i = 6; i-- > 0; ms >>= 8) bytes[i] = static_cast<std::uint8_t>(ms);
  // RFC 9562, 5.7: the twelve bits after the version may hold the fraction of the millisecond, which keeps ids of one process in
  // order.
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count() % 1'000;
  const auto fraction = static_cast<unsigned>(us * 4'096 / 1'000);
  bytes[6] = static_cast<std::uint8_t>(0x70U | (fraction >> 8));
  bytes[7] = static_cast<std::uint8_t>(fraction & 0xffU);
  bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3fU));
  return ExecutionId{bytes};
}

ExecutionId ExecutionId::parse(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t at = 0;
  bool good = text.size() == 36;
  for (std::size_t i = 0; good && i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) good = text[at++] == '-';
    const int high = digit(text[at]);
    const int low = digit(text[at + 1]);
    good = good && high >= 0 && low >= 0;
    bytes[i] = static_cast<std::uint8_t>((high << 4) | (low & 0xf));
    at += 2;
  }
  if (!good) {
    throw Error(ErrorCode::InvalidArgument,
                core::quote(text) + " is no execution id: it is a UUID as 0192d3c5-7b1a-7c3e-9f21-0a1b2c3d4e5f");
  }
  return ExecutionId{bytes};
}

std::string ExecutionId::to_string() const {
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += hex[bytes_[i] >> 4];
    out += hex[bytes_[i] & 0xf];
  }
  return out;
}

}  // namespace cloacina
