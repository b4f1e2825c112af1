# Third-party libraries, each from its Debian package. Whoever adds this project as a subfolder may bring their own targets.
find_package(Threads REQUIRED)
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.11 REQUIRED)
endif()
if(NOT TARGET SQLite::SQLite3)
  find_package(SQLite3 3.37 REQUIRED)
endif()
if(NOT TARGET spdlog::spdlog)
  find_package(spdlog REQUIRED)
endif()
if(NOT TARGET yaml-cpp)
  find_package(yaml-cpp REQUIRED)
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED QUIET IMPORTED_TARGET libsodium)

# What the library needs and its users do not see.
set(CLOACINA_PRIVATE_LIBRARIES Threads::Threads SQLite::SQLite3 spdlog::spdlog yaml-cpp PkgConfig::SODIUM)
