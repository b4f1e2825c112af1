#include "flowfile/output_file.hpp"

#include <string>
#include <string_view>

namespace cloacina::flowfile {

namespace {

constexpr const char* what = "the output of the command (CLOACINA_OUTPUT)";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::InvalidArgument, std::string(what) + " " + why); }

Json parse(const std::string& text) {
  const auto check_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > output_levels_max) refuse("is nested more than " + std::to_string(output_levels_max) + " levels deep");
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (const Json::exception& e) {
    const std::string_view text_of = e.what();
    const std::size_t end_of_name = text_of.find("] ");
    refuse("is not JSON: " + std::string(end_of_name == std::string_view::npos ? text_of : text_of.substr(end_of_name + 2)));
  }
}

}  // namespace

Json OutputFile::read() const {
  const std::string text = file_.read(output_file_bytes_max, what);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  Json value = parse(text);
  if (!value.is_object()) refuse(std::string("is a JSON ") + value.type_name() + ", not an object");
  return value;
}

}  // namespace cloacina::flowfile
