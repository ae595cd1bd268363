# module(NAME DEPS … LIBS …): one room of src/.
#
# Every room is compiled with an include path that holds its own folder and the folders of its DEPS,
# nothing else, so `#include "engine/engine.h"` from src/ops is a build error (no such file).
# DEPS must have a lower number than NAME. Sources are globbed: adding a file needs no edit here.
# Files named *_test.cpp become the GoogleTest program test_NAME, linked with the room and its DEPS only.

set(UNDERSTUDY_ROOMS
    base=0 tensor=1 kernels=2 ops=3 formats=3 text=3 blocks=4 grammar=4 arch=5 engine=6 grade=6 store=6 eval=7 train=7 flywheel=8
    gateway=9 app=10)

function(room_number NAME OUT)
  foreach(room ${UNDERSTUDY_ROOMS})
    if(room MATCHES "^${NAME}=([0-9]+)$")
      set(${OUT} ${CMAKE_MATCH_1} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "module(${NAME}): unknown room; add it to UNDERSTUDY_ROOMS in cmake/module.cmake")
endfunction()

# Objects of the rooms in ARGN, for a link line.
function(room_objects OUT)
  set(objects "")
  foreach(room ${ARGN})
    list(APPEND objects $<TARGET_OBJECTS:${room}>)
  endforeach()
  set(${OUT} ${objects} PARENT_SCOPE)
endfunction()

function(module NAME)
  cmake_parse_arguments(M "" "" "DEPS;LIBS" ${ARGN})
  room_number(${NAME} own)
  set(closure ${NAME})
  set(libs ${M_LIBS})
  foreach(dep ${M_DEPS})
    room_number(${dep} number)
    if(NOT number LESS own)
      message(FATAL_ERROR "module(${NAME}): ${dep} (${number}) is not below ${NAME} (${own})")
    endif()
    get_target_property(dep_closure ${dep} ROOM_CLOSURE)
    get_target_property(dep_libs ${dep} ROOM_LIBS)
    list(APPEND closure ${dep_closure})
    list(APPEND libs ${dep_libs})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  list(REMOVE_DUPLICATES libs)
  list(REMOVE_ITEM libs "")

  set(view ${CMAKE_BINARY_DIR}/rooms/${NAME})
  file(MAKE_DIRECTORY ${view})
  foreach(visible ${NAME} ${M_DEPS})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${visible} ${view}/${visible} SYMBOLIC)
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${NAME}/*.cpp)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/app/main\\.cpp$")

  add_library(${NAME} OBJECT ${sources})
  target_include_directories(${NAME} PRIVATE ${view})
  target_link_libraries(${NAME} PUBLIC ${libs})
  set_target_properties(${NAME} PROPERTIES ROOM_CLOSURE "${closure}" ROOM_LIBS "${libs}" LINKER_LANGUAGE CXX)

  if(UNDERSTUDY_TESTS AND tests)
    room_objects(objects ${closure})
    add_executable(test_${NAME} ${tests} ${objects})
    target_include_directories(test_${NAME} PRIVATE ${view})
    target_compile_definitions(test_${NAME} PRIVATE UNDERSTUDY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(test_${NAME} PRIVATE ${libs} GTest::gtest GTest::gtest_main)
    add_test(NAME ${NAME} COMMAND test_${NAME})
  endif()
endfunction()

# program(NAME ROOM): the executable whose main is src/ROOM/main.cpp.
function(program NAME ROOM)
  get_target_property(closure ${ROOM} ROOM_CLOSURE)
  get_target_property(libs ${ROOM} ROOM_LIBS)
  room_objects(objects ${closure})
  add_executable(${NAME} ${CMAKE_SOURCE_DIR}/src/${ROOM}/main.cpp ${objects})
  target_include_directories(${NAME} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${ROOM})
  target_link_libraries(${NAME} PRIVATE ${libs})
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# tool(NAME SOURCE ROOM): a small executable outside src/ (bench, fuzz) that may see what ROOM sees.
function(tool NAME SOURCE ROOM)
  get_target_property(closure ${ROOM} ROOM_CLOSURE)
  get_target_property(libs ${ROOM} ROOM_LIBS)
  room_objects(objects ${closure})
  add_executable(${NAME} ${SOURCE} ${objects})
  target_include_directories(${NAME} PRIVATE ${CMAKE_BINARY_DIR}/rooms/${ROOM})
  target_link_libraries(${NAME} PRIVATE ${libs})
endfunction()
