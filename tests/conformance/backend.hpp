#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace cloacina::test {

/// A fresh, empty database; it goes away with the object.
struct FreshDatabase {
  std::string url;
  std::shared_ptr<void> keep;
  std::string tenant{};  ///< to be opened as
  /// How to open it when not by its URL.
  std::function<std::unique_ptr<store::Database>(const store::OpenOptions&)> open_by{};

  /// Opens it, as a process of its own would.
  [[nodiscard]] std::unique_ptr<store::Database> open(store::OpenOptions options = {}) const {
    options.tenant = tenant;
    return open_by ? open_by(options) : store::open(url, options);
  }
};

/// What the suite needs to know of a store backend. Everything else it does through the seam.
struct Backend {
  std::string name;
  std::function<FreshDatabase()> fresh;
  /// Recounts what the database keeps counters of; each difference as a sentence.
  std::function<std::vector<std::string>(const FreshDatabase&)> audit;
};

/// Its name, where a test's parameter is shown.
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

/// All backends. Another one is another line here.
[[nodiscard]] const std::vector<Backend>& backends();

}  // namespace cloacina::test
