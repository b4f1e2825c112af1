// libFuzzer target: any bytes as a workflow file.
#include "fuzz/flowfile_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cloacina::fuzz::read_as_flow_file({reinterpret_cast<const char*>(data), size});
  return 0;
}
