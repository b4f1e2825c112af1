#include "core/hash.hpp"

#include <sodium.h>

#include <array>
#include <random>

namespace cloacina::core {

std::array<std::uint8_t, 16> hash_bytes(std::string_view text) {
  std::array<std::uint8_t, 16> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return digest;
}

std::string content_hash(std::string_view text) {
  const auto digest = hash_bytes(text);
  std::array<char, 33> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

void random_bytes(std::uint8_t* out, std::size_t size) {
  // A generator per thread, seeded by the system: an id costs no system call. Uniqueness is what is needed here, not secrecy.
  thread_local std::mt19937_64 generator = [] {
    std::array<std::uint32_t, 8> seed{};
    randombytes_buf(seed.data(), sizeof seed);
    std::seed_seq sequence(seed.begin(), seed.end());
    return std::mt19937_64(sequence);
  }();
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word = generator();
    for (std::size_t k = i; k < size && k < i + 8; ++k, word >>= 8) out[k] = static_cast<std::uint8_t>(word);
  }
}

}  // namespace cloacina::core
