#pragma once

#include <map>

#include "store/postgres/connection.hpp"

namespace cloacina::store::postgres {

/// A commit whose answer was lost with the connection: the server knows what became of it, as soon as it can be asked. Until then
/// the caller has been told that nothing is known, and comes again with the same outcomes.
///
/// The number of the transaction alone does not say it: a server that crashed may give a number that left no trace to another
/// transaction. So one of the rows that it would have written is looked at too.
class LostCommit {
 public:
  /// What the lost commit has done, when it turns out that it was one.
  struct Answers {
    Batch rest;  ///< of the caller's next batch: what the lost one has not settled
    std::vector<bool> settled;
    BatchResult carried;  ///< claims and ends of which nobody has heard

    void merge_into(BatchResult& result);
  };

  [[nodiscard]] bool pending() const { return !number_.empty(); }
  void remember(std::string number, const Batch& batch, BatchResult result);
  /// Asks the server, over a new connection; false when it cannot be asked, or does not know yet.
  bool find_out(PgSession& session);
  /// *Requires* that it was found out. Whether it was committed; it is no longer pending.
  bool forget();
  /// Finds out, and answers the next batch. Nothing: it was not committed. *Throws* Error{Unavailable} when it cannot be found out.
  [[nodiscard]] std::optional<Answers> settle(PgSession& session, const Batch& next);

 private:
  [[nodiscard]] bool has_left_its_mark(PgSession& session) const;

  std::string number_;
  RunnerKey runner_ = 0;
  std::map<std::pair<TaskKey, std::int64_t>, Applied> outcomes_;
  BatchResult result_;
  bool committed_ = false;
};

}  // namespace cloacina::store::postgres
