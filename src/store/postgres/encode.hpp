#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "store/sql/session.hpp"

namespace cloacina::store::postgres {

/// Types as the server numbers them.
constexpr Oid bytea_type = 17;
constexpr Oid int8_type = 20;
constexpr Oid text_type = 25;
constexpr Oid bytea_array_type = 1001;
constexpr Oid text_array_type = 1009;
constexpr Oid int8_array_type = 1016;

/// Parameters of one execution in the server's binary form. Text cannot hold the character zero there: it becomes U+FFFD.
class Parameters {
 public:
  /// One value a parameter.
  void scalars(std::span<const sql::Value> values, std::span<const Oid> types);
  /// An array a parameter: its elements are every `types.size()`th value.
  void arrays(std::span<const sql::Value> values, std::size_t rows, std::span<const Oid> types);

  [[nodiscard]] int size() const { return static_cast<int>(lengths_.size()); }
  /// These live as long as this object and the values do.
  [[nodiscard]] const char* const* pointers() const { return pointers_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  [[nodiscard]] std::string_view storable(std::string_view bytes, Oid type);

  std::string buffer_;
  std::deque<std::string> replaced_;
  std::vector<std::size_t> offsets_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

/// An integer of a result: of 2, 4 or 8 bytes, or one that is a truth value.
[[nodiscard]] std::int64_t decode_integer(const char* data, int length);

}  // namespace cloacina::store::postgres
