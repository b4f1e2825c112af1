#pragma once

#include <functional>

#include "cloacina/retention.hpp"
#include "store/store.hpp"

namespace cloacina::runner {

/// *Throws* Error{InvalidArgument}; `who` is for its text.
void check(const Retention& retention, const std::string& who);

/// One pass over what is stored, in transactions that look at `batch` rows each. After each of them `go_on` is told how many rows
/// it deleted; it may wait, so that others have their turn, and false ends the pass.
PruneReport prune(store::Store& store, const Retention& retention, Timestamp now, int batch,
                  const std::function<bool(int deleted)>& go_on);

}  // namespace cloacina::runner
