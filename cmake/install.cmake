# The installed package: headers, shared and static library, the command, CMake and pkg-config files. It finds itself from where it
# lies, so the folder may be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cloacina)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cloacina DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
# Two sets, because only the static library makes its user find the libraries behind it.
install(TARGETS cloacina_shared EXPORT cloacina-shared)
install(TARGETS cloacina_static EXPORT cloacina-static)
foreach(kind shared static)
  install(EXPORT cloacina-${kind} FILE cloacina-${kind}.cmake NAMESPACE cloacina:: DESTINATION ${package_dir})
endforeach()

if(TARGET cloacinactl)
  file(RELATIVE_PATH to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(cloacinactl PROPERTIES INSTALL_RPATH "$ORIGIN/${to_lib}")
  install(TARGETS cloacinactl)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/cloacina-config.cmake.in ${PROJECT_BINARY_DIR}/cloacina-config.cmake
                              INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cloacina-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cloacina-config.cmake ${PROJECT_BINARY_DIR}/cloacina-config-version.cmake
        DESTINATION ${package_dir})

file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/cloacina.pc.in ${PROJECT_BINARY_DIR}/cloacina.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cloacina.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
