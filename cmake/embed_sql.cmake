# Writes OUT: a function that maps the name of an SQL file below ROOT ("sqlite/statements") to its text, in name order.
file(GLOB_RECURSE FILES RELATIVE ${ROOT} ${ROOT}/*.sql)
list(SORT FILES)
list(LENGTH FILES COUNT)
set(ROWS "")
foreach(FILE IN LISTS FILES)
  file(READ ${ROOT}/${FILE} TEXT)
  string(REGEX REPLACE "\\.sql$" "" NAME ${FILE})
  string(APPEND ROWS "      SqlFile{\"${NAME}\", R\"~sql~(${TEXT})~sql~\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"store/sql_files.hpp\"

#include <array>

namespace cloacina::store {

std::span<const SqlFile> sql_files() {
  static constexpr std::array<SqlFile, ${COUNT}> files{{
${ROWS}  }};
  return files;
}

}  // namespace cloacina::store
")
