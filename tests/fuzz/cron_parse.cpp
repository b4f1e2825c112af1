// libFuzzer target: any bytes as a cron expression, in both dialects. The first byte chooses the dialect.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloacina/cron.hpp"
#include "cloacina/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloacina;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Dialect dialect = data[0] % 2 == 0 ? Dialect::Ocps : Dialect::Extended;
  try {
    const auto expression = CronExpression::parse(text, dialect, "fuzz");
    if (expression.explain().empty()) std::abort();
    // What the strict dialect takes, the extended one takes as well.
    if (dialect == Dialect::Ocps) (void)CronExpression::parse(text, Dialect::Extended, "fuzz");
    const CronRule rule{.expression = expression};
    if (expression.is_impossible() && rule.next(Timestamp::min())) std::abort();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::InvalidArgument) std::abort();
  }
  return 0;
}
