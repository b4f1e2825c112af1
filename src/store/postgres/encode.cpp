#include "store/postgres/encode.hpp"

#include "cloacina/error.hpp"

namespace cloacina::store::postgres {

namespace {

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void put32(std::string& out, std::size_t value) { put(out, value, 4); }

Oid element_of(Oid array) { return array == bytea_array_type ? bytea_type : array == text_array_type ? text_type : int8_type; }

}  // namespace

std::string_view Parameters::storable(std::string_view bytes, Oid type) {
  if ((type != text_type && type != text_array_type) || bytes.find('\0') == std::string_view::npos) return bytes;
  auto& text = replaced_.emplace_back();
  for (const char c : bytes) {
    if (c == '\0') {
      text += "\xef\xbf\xbd";
    } else {
      text += c;
    }
  }
  return text;
}

void Parameters::scalars(std::span<const sql::Value> values, std::span<const Oid> types) {
  buffer_.clear();
  pointers_.clear();
  lengths_.clear();
  formats_.assign(values.size(), 1);
  buffer_.reserve(8 * values.size());  // it does not move from here on
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& value = values[i];
    switch (value.kind) {
      case sql::Value::Kind::Null:
        pointers_.push_back(nullptr);
        lengths_.push_back(0);
        break;
      case sql::Value::Kind::Integer:
        pointers_.push_back(buffer_.data() + buffer_.size());
        lengths_.push_back(8);
        put(buffer_, static_cast<std::uint64_t>(value.integer), 8);
        break;
      case sql::Value::Kind::Text:
      case sql::Value::Kind::Blob: {
        const auto bytes = storable(value.bytes, types[i]);
        pointers_.push_back(bytes.data() == nullptr ? "" : bytes.data());
        lengths_.push_back(static_cast<int>(bytes.size()));
        break;
      }
    }
  }
}

void Parameters::arrays(std::span<const sql::Value> values, std::size_t rows, std::span<const Oid> types) {
  const std::size_t width = types.size();
  buffer_.clear();
  offsets_.clear();
  pointers_.clear();
  lengths_.clear();
  formats_.assign(width, 1);
  for (std::size_t column = 0; column < width; ++column) {
    offsets_.push_back(buffer_.size());
    bool nulls = false;
    for (std::size_t row = 0; row < rows && !nulls; ++row) {
      nulls = values[row * width + column].kind == sql::Value::Kind::Null;
    }
    // One dimension, whether there are NULLs, the elements' type, how many there are, and that they count from one.
    put32(buffer_, 1);
    put32(buffer_, nulls ? 1 : 0);
    put32(buffer_, element_of(types[column]));
    put32(buffer_, rows);
    put32(buffer_, 1);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto& value = values[row * width + column];
      switch (value.kind) {
        case sql::Value::Kind::Null:
          put(buffer_, 0xffffffff, 4);
          break;
        case sql::Value::Kind::Integer:
          put32(buffer_, 8);
          put(buffer_, static_cast<std::uint64_t>(value.integer), 8);
          break;
        case sql::Value::Kind::Text:
        case sql::Value::Kind::Blob: {
          const auto bytes = storable(value.bytes, types[column]);
          put32(buffer_, bytes.size());
          buffer_.append(bytes);
          break;
        }
      }
    }
  }
  for (std::size_t column = 0; column < width; ++column) {
    pointers_.push_back(buffer_.data() + offsets_[column]);
    lengths_.push_back(static_cast<int>((column + 1 < width ? offsets_[column + 1] : buffer_.size()) - offsets_[column]));
  }
}

std::int64_t decode_integer(const char* data, int length) {
  if (length == 1) return data[0] != 0 ? 1 : 0;
  if (length != 2 && length != 4 && length != 8) throw Error(ErrorCode::Internal, "a column that should be an integer is none");
  std::uint64_t value = 0;
  for (int i = 0; i < length; ++i) value = (value << 8) | static_cast<std::uint8_t>(data[i]);
  if (length == 2) return static_cast<std::int16_t>(value);
  if (length == 4) return static_cast<std::int32_t>(value);
  return static_cast<std::int64_t>(value);
}

}  // namespace cloacina::store::postgres
