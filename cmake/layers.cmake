# One library per folder, and the only links that the design allows between them.

set(layer_schedule)
set(layer_messages schedule)
set(layer_config messages schedule)
set(layer_persistence messages schedule)
set(layer_brokers messages schedule)
set(layer_targets brokers messages schedule)
set(layer_sources brokers messages schedule)
set(layer_actors config persistence targets sources brokers messages schedule)
set(layer_api actors config persistence targets messages schedule)

# wheelwork_precompile(<target> <header>...): the library headers that cost most in its sources.
function(wheelwork_precompile target)
  if(WHEELWORK_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

# wheelwork_library(<folder> [<external library>...]): every .cpp below the folder, linked with what stands below it.
function(wheelwork_library folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(wheelwork_${folder} STATIC ${sources})
  set_target_properties(wheelwork_${folder} PROPERTIES LINKER_LANGUAGE CXX) # also where a folder has headers only
  target_include_directories(wheelwork_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  foreach(below ${layer_${folder}})
    target_link_libraries(wheelwork_${folder} PUBLIC wheelwork_${below})
  endforeach()
  target_link_libraries(wheelwork_${folder} PUBLIC ${ARGN})
endfunction()

# wheelwork_test(<folder> [<library>...]): tests/<folder>/**/*_test.cpp and their helpers as one program <folder>_test.
function(wheelwork_test folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${folder}_test ${sources})
  target_include_directories(${folder}_test PRIVATE ${PROJECT_SOURCE_DIR})
  # Tests spend their time in the libraries; unoptimized they compile sooner.
  target_compile_options(${folder}_test PRIVATE -O0 -g1)
  target_link_libraries(${folder}_test PRIVATE ${ARGN} GTest::gmock GTest::gtest_main)
  wheelwork_precompile(${folder}_test <gmock/gmock.h> <gtest/gtest.h> <chrono> <filesystem> <functional> <map> <regex> <variant>)
  # Tests with postgres, mariadb or kafka in their name share one server, and so one process: ctest sees them as one test.
  gtest_discover_tests(${folder}_test TEST_FILTER "-*postgres*:*mariadb*:*kafka*"
    PROPERTIES TIMEOUT 300 LABELS ${folder} DISCOVERY_TIMEOUT 60)
  foreach(server postgres mariadb kafka)
    file(GLOB_RECURSE with_server CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/${server}_*.cpp)
    if(with_server)
      add_test(NAME ${folder}_on_${server} COMMAND ${folder}_test --gtest_filter=*${server}*)
      # They take minutes, so they begin first: else the others are done and the last of these runs alone.
      set_tests_properties(${folder}_on_${server} PROPERTIES TIMEOUT 900 LABELS ${folder} COST 100
        SKIP_REGULAR_EXPRESSION "no Apache Kafka here") # what its tests say when they all skip
    endif()
  endforeach()
endfunction()
