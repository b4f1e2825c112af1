// Build with: clang++-16 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/flowfile_fuzz.cpp
//             src/core/*.cpp src/flowfile/*.cpp src/os/*.cpp -lyaml-cpp -lsodium -pthread
// and run it over tests/fuzz/corpus/flowfile.
#include "flowfile_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cloacina::fuzz::read_as_flow_file({reinterpret_cast<const char*>(data), size});
  return 0;
}
