# How everything is compiled: helpers that speed a build up where they are installed, warnings as errors, sanitizers by preset.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Several sources as one: the whole is built sooner, a change later. Names in unnamed namespaces must differ within a folder then.
# scripts/check compiles each source by itself, and so finds one that misses an include or shadows a name.
option(WHEELWORK_UNITY_BUILD "Compile the sources of a folder in groups" OFF)
if(WHEELWORK_UNITY_BUILD)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
endif()

# A group takes the compiler up to 2 GB, so as many at a time as there is memory for.
cmake_host_system_information(RESULT memory_in_mib QUERY TOTAL_PHYSICAL_MEMORY)
cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
math(EXPR compilers "${memory_in_mib} / 2048")
if(compilers GREATER cores)
  set(compilers ${cores})
elseif(compilers LESS 1)
  set(compilers 1)
endif()
set_property(GLOBAL APPEND PROPERTY JOB_POOLS compile=${compilers})
set(CMAKE_JOB_POOL_COMPILE compile)

option(WHEELWORK_PRECOMPILED_HEADERS "Precompile the heavy headers of libraries, once for each folder" OFF)
if(WHEELWORK_PRECOMPILED_HEADERS AND CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  add_compile_options(-fpch-preprocess)
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(WHEELWORK_SANITIZER "" CACHE STRING "address (with undefined behaviour), thread, or empty")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Werror)
if(WHEELWORK_UNITY_BUILD)
  add_compile_options(-Wno-shadow) # of names from the sources in front of it
endif()

if(WHEELWORK_SANITIZER)
  add_compile_options(-Wno-maybe-uninitialized) # what sanitizers add to the code makes g++ err there; the release build keeps it
endif()
if(WHEELWORK_SANITIZER STREQUAL "address")
  # CAF's own headers bind null references (init_fun_factory.hpp), so that one check is off.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(WHEELWORK_SANITIZER STREQUAL "thread")
  # Boost.Asio has fences, which ThreadSanitizer doesn't see; what they order is under mutexes as well.
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
  add_link_options(-fsanitize=thread)
endif()
