#include "conformance/backend.hpp"

#include <gtest/gtest.h>

#include "conformance/memory_backend.hpp"
#include "conformance/postgres_backend.hpp"
#include "conformance/sqlite_backend.hpp"
#include "conformance/store_fixture.hpp"

namespace cloacina::test {

const std::vector<Backend>& backends() {
  static const std::vector<Backend> all{
      sqlite_backend(), memory_backend(), leased_memory_backend(), postgres_backend(), pooled_backend(),
  };
  return all;
}

INSTANTIATE_TEST_SUITE_P(Backends, StoreConformance, ::testing::ValuesIn(backends()),
                         [](const ::testing::TestParamInfo<Backend>& backend) { return backend.param.name; });

}  // namespace cloacina::test
