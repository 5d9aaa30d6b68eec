# Libraries from Debian packages; each folder links what it names in its own CMakeLists.txt.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)                 # headers only: Beast and Asio
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(date REQUIRED)
find_package(yaml-cpp REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)   # to read connection URLs
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)

# CAF 0.17 as Debian ships it has no CMake package file. CAF_ROOT names another build of it (scripts/tsan).
set(CAF_ROOT "" CACHE PATH "prefix of a CAF build to use instead of the system's")
find_path(CAF_INCLUDE_DIR caf/config.hpp HINTS ${CAF_ROOT}/include REQUIRED)
find_library(CAF_CORE_LIBRARY caf_core HINTS ${CAF_ROOT}/lib REQUIRED)
add_library(caf::core INTERFACE IMPORTED)
target_include_directories(caf::core SYSTEM INTERFACE ${CAF_INCLUDE_DIR})
target_link_libraries(caf::core INTERFACE ${CAF_CORE_LIBRARY} Threads::Threads)
# Without it CAF 0.17.6 accepts message types that nobody registered.
target_compile_definitions(caf::core INTERFACE CAF_ENABLE_TYPE_ID_CHECKS)

add_library(expected::expected INTERFACE IMPORTED) # libexpected-dev: <tl/expected.hpp>, headers only
