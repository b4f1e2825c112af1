#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace cloacina::test {

/// A fresh, empty database; it goes away with the object.
struct FreshDatabase {
  std::string url;
  std::shared_ptr<void> keep;
  std::string tenant{};  ///< to be opened as
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
