# Target check_headers: compiles each header of the folders alone, so that a file may include any of them first. Not part of `all`.

foreach(folder schedule messages config persistence targets sources actors api app)
  if(NOT TARGET wheelwork_${folder})
    continue()
  endif()
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.hpp)
  set(units)
  foreach(header ${headers})
    string(MAKE_C_IDENTIFIER ${header} unit)
    set(unit ${PROJECT_BINARY_DIR}/check_headers/${unit}.cpp)
    # Twice: the second finds a missing #pragma once.
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
    list(APPEND units ${unit})
  endforeach()
  if(units)
    add_library(check_headers_${folder} OBJECT EXCLUDE_FROM_ALL ${units})
    # Compiled as the folder's own files are: with its include paths, definitions and libraries.
    target_link_libraries(check_headers_${folder} PRIVATE wheelwork_${folder})
    list(APPEND header_checks check_headers_${folder})
  endif()
endforeach()
add_custom_target(check_headers DEPENDS ${header_checks})
