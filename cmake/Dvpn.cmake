# What the folders' CMakeLists use: a module is a static library that names the modules it may use,
# so an include against the arrows does not link; tests and fuzzers name theirs the same way.

option(DVPN_UNITY "Compile the files of the largest modules several at a time; OFF is quicker for who edits them" ON)

# dvpn_unity(TARGET): its files are small and what they include is large: several are one translation unit, and templates are made once for them.
function(dvpn_unity target)
  if(DVPN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
    # (g++ takes what is local to a coroutine, in a file that is included, for something of a header)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()

# dvpn_module(NAME SOURCES a.cc … [USES base net …] [LIBRARIES lib …] [PRECOMPILE <header> …] [UNITY])
# PRECOMPILE: large headers of libraries that most of its files include; read once, the module builds in half the time.
# UNITY: as dvpn_unity().
function(dvpn_module name)
  cmake_parse_arguments(ARG "UNITY" "" "SOURCES;USES;LIBRARIES;PRECOMPILE" ${ARGN})
  add_library(dvpn_${name} STATIC ${ARG_SOURCES})
  target_include_directories(dvpn_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES PREPEND dvpn_)
  target_link_libraries(dvpn_${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_LIBRARIES})
  if(ARG_PRECOMPILE)
    target_precompile_headers(dvpn_${name} PRIVATE ${ARG_PRECOMPILE})
  endif()
  if(ARG_UNITY)
    dvpn_unity(dvpn_${name})
  endif()
endfunction()

# Everything that runs without a lab: unit tests and the fuzzers' corpora.
add_custom_target(dvpn_tests)

# dvpn_test_program(TARGET): a test is compiled more often than it runs: quickly, and with the test library read once for all.
function(dvpn_test_program target)
  target_compile_options(${target} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_link_libraries(${target} PRIVATE GTest::gmock GTest::gtest_main)
  if(NOT target STREQUAL test_headers)
    target_precompile_headers(${target} REUSE_FROM test_headers)
  endif()
endfunction()

# dvpn_unit_test(NAME USES module …): tests/unit/NAME_test.cc. (For the thread sanitizer only what more than one thread uses.)
function(dvpn_unit_test name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  if(DVPN_SANITIZE STREQUAL "thread" AND NOT ARG_USES MATCHES "base|control|flow|gateway|intercept|ssh")
    return()
  endif()
  list(TRANSFORM ARG_USES PREPEND dvpn_)
  add_executable(${name}_test ${name}_test.cc)
  add_dependencies(dvpn_tests ${name}_test)
  target_link_libraries(${name}_test PRIVATE ${ARG_USES} ${ARG_LIBRARIES})
  dvpn_test_program(${name}_test)
  add_test(NAME unit.${name} COMMAND ${name}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# dvpn_fuzzer(NAME USES module …): tests/fuzz/NAME_fuzz.cc with its corpus in tests/fuzz/corpus/NAME
function(dvpn_fuzzer name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  if(DVPN_SANITIZE STREQUAL "thread")
    return()
  endif()
  list(TRANSFORM ARG_USES PREPEND dvpn_)
  add_executable(${name}_fuzz ${name}_fuzz.cc)
  add_dependencies(dvpn_tests ${name}_fuzz)
  target_link_libraries(${name}_fuzz PRIVATE ${ARG_USES})
  if(DVPN_FUZZ)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
  else()
    target_sources(${name}_fuzz PRIVATE replay_main.cc)
    set(replay)
  endif()
  add_test(NAME fuzz.${name} COMMAND ${name}_fuzz ${replay} ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
