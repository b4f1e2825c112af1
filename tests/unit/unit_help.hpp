#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "cloacina/error.hpp"

namespace cloacina::test {

/// What `call` throws as `Code: text`, or "nothing thrown".
template <class F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "nothing thrown";
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace cloacina::test
