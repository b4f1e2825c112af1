#pragma once

#include "store/sql/definitions.hpp"
#include "store/sql/liveness.hpp"
#include "store/store.hpp"

namespace cloacina::store::sql {

/// A reader over a connection of its own.
[[nodiscard]] std::unique_ptr<Reader> make_reader(std::unique_ptr<Session> session, std::unique_ptr<Surroundings> surroundings,
                                                  Definitions& definitions);

}  // namespace cloacina::store::sql
