#pragma once

#include <string>
#include <vector>

#include "flowfile/problems.hpp"

namespace cloacina::flowfile {

/// A name of another task, and where it is written.
struct Mention {
  std::string task;
  Position at;
};

/// What a task of a file says about others.
struct TaskLinks {
  std::string name;
  Position at;
  std::vector<Mention> after;
  std::vector<Mention> rule;  ///< tasks that its rule names
};

/// Reports unknown tasks (with the nearest name), tasks named twice or after themselves, cycles (with their path), and rules that
/// name a task that does not come before theirs; each at the place of the name.
void check_links(Problems& problems, const std::vector<TaskLinks>& tasks);

}  // namespace cloacina::flowfile
