#include "store/postgres/error.hpp"

#include <algorithm>

namespace cloacina::store::postgres {

namespace {

ErrorCode code_of(std::string_view state) {
  const auto category = state.substr(0, 2);
  if (state.empty() || category == "08" || category == "57" || category == "53" || category == "58") return ErrorCode::Unavailable;
  if (category == "28" || category == "3D" || category == "25" || category == "55" || category == "40")
    return ErrorCode::Unavailable;
  if (state == "42501") return ErrorCode::Unavailable;                                              // no permission
  if (state == "22021" || state == "22P05" || state == "54000") return ErrorCode::InvalidArgument;  // text that it cannot store
  if (state == "XX001" || state == "XX002") return ErrorCode::Corrupt;
  return ErrorCode::Internal;
}

std::string reason(std::string_view state) {
  if (state == "57014") return "a statement took too long";
  if (state == "55P03") return "others hold what it needs locked";
  if (state == "53100") return "no space left on the server's disk";
  if (state == "53300") return "the server has no free connection";
  return "";
}

}  // namespace

PgError make_error(std::string_view state, const std::string& action, std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  const auto why = reason(state);
  std::string sentence = action + ": " + (why.empty() ? text : why + " (" + text + ")");
  const auto code = code_of(state);
  if (code == ErrorCode::Internal) sentence += " (SQLSTATE " + std::string(state) + ")";
  return {code, sentence, std::string(state)};
}

}  // namespace cloacina::store::postgres
