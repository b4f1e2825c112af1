#pragma once

#include <vector>

#include "cloacina/rule.hpp"
#include "flowfile/graph_check.hpp"
#include "flowfile/yaml_tree.hpp"

namespace cloacina::flowfile {

struct RuleRead {
  Rule rule;
  std::vector<Mention> tasks;  ///< that the rule names
};

/// Reads `when`: a word, or `{all|any|none: [CONDITION…]}`. Parts that are wrong are reported and left out.
[[nodiscard]] RuleRead read_rule(Problems& problems, const Node& node);

}  // namespace cloacina::flowfile
