// libFuzzer target: any bytes as a compiled time zone, or, when the first byte is odd, as the rule in its footer.
#include "cron/tzif.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloacina;
  if (size == 0) return 0;
  const auto bytes = fuzz::text_of(data + 1, size - 1);
  fuzz::may_refuse(ErrorCode::Corrupt, [&] {
    cron::Offsets offsets;
    if (data[0] % 2 == 0) {
      offsets = cron::read_tzif(bytes, "fuzz");
    } else {
      offsets = {{cron::beginning_of_time, 0}};
      cron::append_posix_rule(offsets, bytes, "fuzz");
    }
    fuzz::require(!offsets.empty() && offsets.front().begin == cron::beginning_of_time);
    for (std::size_t i = 1; i < offsets.size(); ++i) {
      fuzz::require(offsets[i - 1].begin < offsets[i].begin);
      // The rule alone does not know what was before.
      fuzz::require(data[0] % 2 != 0 || offsets[i - 1].offset != offsets[i].offset);
    }
  });
  return 0;
}
