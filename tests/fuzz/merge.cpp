// libFuzzer target: a small graph, changes of its tasks and heads, all from bytes; the merge against the oracle of its unit tests.
#include <cstdint>
#include <cstdlib>

#include "unit/merge_help.hpp"

namespace {

using cloacina::Json;
using cloacina::core::Position;

/// Small numbers out of bytes; zeros at the end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), end_(data + size) {}
  /// In [0, end).
  int below(int end) { return data_ == end_ ? 0 : *data_++ % end; }

 private:
  const std::uint8_t* data_;
  const std::uint8_t* end_;
};

Json value_from(Bytes& bytes, int depth) {
  switch (bytes.below(depth > 0 ? 7 : 5)) {
    case 0:
      return bytes.below(5) - 2;
    case 1:
      return bytes.below(2) == 0 ? "a" : "b";
    case 2:
      return nullptr;
    case 3:
      return bytes.below(2) == 0 ? Json(true) : Json(1.0);
    case 4:
      return 0.5 * bytes.below(4);
    case 5: {
      Json list = Json::array();
      for (int i = bytes.below(5); i > 0; --i) list.push_back(value_from(bytes, depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (int i = bytes.below(4); i > 0; --i) object[bytes.below(2) == 0 ? "p" : "q"] = value_from(bytes, depth - 1);
      return object;
    }
  }
}

cloacina::test::MergeCase case_from(Bytes& bytes) {
  cloacina::test::MergeCase c;
  c.input = Json::object();
  for (const char* key : {"k", "l"}) {
    if (bytes.below(2) == 1) c.input[key] = value_from(bytes, 1);
  }
  const auto n = static_cast<Position>(1 + bytes.below(10));
  const auto choose = [&](std::vector<Position>& from, Position which) {
    const int dice = bytes.below(4);
    if (dice > 1) from.insert(dice == 2 ? from.begin() : from.end(), which);
  };
  for (Position t = 0; t < n; ++t) {
    std::vector<Position> after;
    for (Position p = 0; p < t; ++p) choose(after, p);
    c.after.push_back(std::move(after));
    Json changes = nullptr;
    if (bytes.below(6) != 0) {
      changes = Json::object();
      for (const char* key : {"k", "l", "m"}) {
        const int what = bytes.below(4);
        if (what == 0) changes[key] = "-";
        if (what > 1) changes[key] = value_from(bytes, 3);
      }
    }
    c.changes.push_back(std::move(changes));
  }
  for (Position t = 0; t < n; ++t) choose(c.heads, t);
  return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloacina;
  Bytes bytes(data, size);
  const auto c = case_from(bytes);
  core::ChangesByTask changes;
  for (Position t = 0; t < c.changes.size(); ++t) {
    if (c.changes[t].is_object()) changes.emplace(t, test::changes(c.changes[t]));
  }
  const auto merged = core::merge(*test::graph(c.after), core::values_of(c.input), c.heads, changes);
  if (core::json_of(merged) != test::oracle(c)) std::abort();
  return 0;
}
