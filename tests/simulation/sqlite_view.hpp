#pragma once

#include <filesystem>

#include "testing/view.hpp"

namespace cloacina::simulation {

/// A database in a SQLite file, for a simulation.
[[nodiscard]] SimulatedDatabase sqlite_database(const std::filesystem::path& file);

}  // namespace cloacina::simulation
