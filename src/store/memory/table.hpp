#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace cloacina::store::memory {

/// The rows of a table in an order of their own. A row is in it when `of` gives it a place; places are unique.
template <class Row, class Place>
class Index {
 public:
  using Of = std::optional<Place> (*)(const Row&);
  explicit Index(Of of) : of_(of) {}

  /// A row was changed; null: it was not there before, or is not after.
  void update(const Row* before, const Row* after) {
    auto from = before == nullptr ? std::nullopt : of_(*before);
    auto to = after == nullptr ? std::nullopt : of_(*after);
    if (from == to) return;
    if (from) places_.erase(*from);
    if (to) places_.insert(std::move(*to));
  }
  [[nodiscard]] const std::set<Place>& places() const { return places_; }
  [[nodiscard]] auto from(const Place& place) const { return places_.lower_bound(place); }
  [[nodiscard]] auto end() const { return places_.end(); }

 private:
  Of of_;
  std::set<Place> places_;
};

/// Rows by key, with what is needed to take back what was changed since the last `keep`. `Self` keeps its indexes, if it has any,
/// in `reindex(before, after)`.
template <class Key, class Row, class Self>
class Table {
 public:
  [[nodiscard]] const std::map<Key, Row>& rows() const { return rows_; }
  [[nodiscard]] const Row* find(const Key& key) const {
    const auto it = rows_.find(key);
    return it == rows_.end() ? nullptr : &it->second;
  }

  /// Inserts, or replaces.
  void put(const Key& key, Row row) {
    const auto it = rows_.lower_bound(key);
    if (it == rows_.end() || it->first != key) {
      undo_.emplace_back(key, std::nullopt);
      reindex_all(nullptr, &rows_.emplace_hint(it, key, std::move(row))->second);
      return;
    }
    reindex_all(&it->second, &row);
    undo_.emplace_back(key, std::exchange(it->second, std::move(row)));
  }
  /// Changes a row by `change(row)`; false when there is none.
  template <class F>
  bool change(const Key& key, const F& change) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return false;
    Row after = it->second;
    change(after);
    reindex_all(&it->second, &after);
    undo_.emplace_back(key, std::exchange(it->second, std::move(after)));
    return true;
  }
  void erase(const Key& key) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return;
    reindex_all(&it->second, nullptr);
    undo_.emplace_back(key, std::move(it->second));
    rows_.erase(it);
  }

  /// The keys that were changed since the last `keep`, with repeats.
  template <class F>
  void for_changed(const F& each) const {
    for (const auto& [key, row] : undo_) each(key);
  }
  [[nodiscard]] bool changed() const { return !undo_.empty(); }
  void keep() { undo_.clear(); }
  void take_back() {
    for (; !undo_.empty(); undo_.pop_back()) {
      auto& [key, before] = undo_.back();
      const auto it = rows_.find(key);
      reindex_all(it == rows_.end() ? nullptr : &it->second, before ? &*before : nullptr);
      if (before) {
        rows_.insert_or_assign(key, std::move(*before));
      } else {
        rows_.erase(it);
      }
    }
  }

 private:
  void reindex_all(const Row* before, const Row* after) {
    if constexpr (requires(Self& self) { self.reindex(before, after); }) static_cast<Self&>(*this).reindex(before, after);
  }

  std::map<Key, Row> rows_;
  std::vector<std::pair<Key, std::optional<Row>>> undo_;
};

}  // namespace cloacina::store::memory
