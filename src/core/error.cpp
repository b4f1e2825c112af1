#include "cloacina/error.hpp"

namespace cloacina {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "InvalidArgument";
    case ErrorCode::InvalidWorkflow:
      return "InvalidWorkflow";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::Conflict:
      return "Conflict";
    case ErrorCode::Unavailable:
      return "Unavailable";
    case ErrorCode::Timeout:
      return "Timeout";
    case ErrorCode::Corrupt:
      return "Corrupt";
    case ErrorCode::Internal:
      return "Internal";
  }
  return "Internal";
}

}  // namespace cloacina
