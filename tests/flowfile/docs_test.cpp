#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "flow_help.hpp"

namespace cloacina {
namespace {

TEST(FlowFileDocs, EveryExampleOfTheReferenceIsGood) {
  std::ifstream in(SOURCE_DIR "/docs/workflow-file.md");
  const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::string fence = "```yaml\n";
  int examples = 0;
  for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at + 1)) {
    const std::string text = page.substr(at + fence.size(), page.find("```", at + fence.size()) - at - fence.size());
    EXPECT_TRUE(test::problems_of(text).empty()) << test::problems_of(text).front() << '\n' << text;
    ++examples;
  }
  EXPECT_EQ(examples, 6);
}

}  // namespace
}  // namespace cloacina
