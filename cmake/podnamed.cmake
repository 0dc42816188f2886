# One function per kind of target. All our code is C++20 with warnings as errors; generated code is not ours.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

set(PODNAMED_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
option(PODNAMED_LIBFUZZER "Link fuzz targets with libFuzzer instead of replaying their seeds (clang only)" OFF)

find_program(PODNAMED_CCACHE ccache)
if(PODNAMED_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${PODNAMED_CCACHE}")
endif()

add_library(podnamed_flags INTERFACE)
target_include_directories(podnamed_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
# A frame pointer costs little and makes every profile and sanitizer report readable.
target_compile_options(podnamed_flags INTERFACE -fno-omit-frame-pointer)
# Boost.Asio: one way to ask (executors by value, no deprecated calls), and no exception is thrown for a socket error.
target_compile_definitions(podnamed_flags INTERFACE BOOST_ASIO_NO_DEPRECATED "PODNAMED_VERSION=\"${PROJECT_VERSION}\"")
if(PODNAMED_SANITIZE)
  target_compile_options(podnamed_flags INTERFACE "-fsanitize=${PODNAMED_SANITIZE}")
  target_link_options(podnamed_flags INTERFACE "-fsanitize=${PODNAMED_SANITIZE}")
  if(PODNAMED_SANITIZE MATCHES "undefined")
    target_compile_options(podnamed_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(PODNAMED_SANITIZE MATCHES "thread")
    # Asio's fences, which this sanitizer does not see; its queues have a mutex besides, which it does see.
    target_compile_options(podnamed_flags INTERFACE -Wno-tsan)
    target_sources(podnamed_flags INTERFACE
      "$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${CMAKE_SOURCE_DIR}/cmake/tsan.cc>")
  endif()
endif()
if(PODNAMED_LIBFUZZER)
  target_compile_options(podnamed_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(podnamed_warnings INTERFACE)
target_compile_options(podnamed_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overlapping copies in std::string's own operator+ where there are none (GCC bug 105651).
  target_compile_options(podnamed_warnings INTERFACE -Wno-restrict)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Clang's -Wconversion means this one too, GCC's does not; code has to please both with the same casts.
  target_compile_options(podnamed_warnings INTERFACE -Wno-sign-conversion)
  # std::stable_sort of libstdc++ 12 calls a deprecated function of its own; GCC still reports what we call.
  target_compile_options(podnamed_warnings INTERFACE -Wno-deprecated-declarations)
endif()

# What ./dev builds where it needs less than everything.
add_custom_target(tests)
add_custom_target(concurrent_tests)
add_custom_target(generated)

# podnamed_library(NAME [CONCURRENT] [HOT] SOURCES a.cc … TESTS a_test.cc … DEPENDS targets… TEST_DEPENDS targets…)
# A room's library `podnamed_NAME`, and one test program `NAME_test` of all its *_test.cc.
# DEPENDS lists what may be included: the floors below (podnamed_X) and the foreign libraries of this room.
# CONCURRENT: more than one thread meets in this room, so its tests run under ThreadSanitizer too.
# HOT: what a query runs through; where speed is asked for, more of it is put in line.
function(podnamed_library name)
  cmake_parse_arguments(ARG "CONCURRENT;HOT" "" "SOURCES;TESTS;DEPENDS;TEST_DEPENDS" ${ARGN})
  set(library "podnamed_${name}")
  if(ARG_SOURCES)
    add_library(${library} STATIC ${ARG_SOURCES})
    target_link_libraries(${library} PUBLIC podnamed_flags ${ARG_DEPENDS} PRIVATE podnamed_warnings)
    if(ARG_HOT)
      target_compile_options(${library} PRIVATE "$<$<CONFIG:RelWithDebInfo>:-O3>")
    endif()
  else()
    add_library(${library} INTERFACE)
    target_link_libraries(${library} INTERFACE podnamed_flags ${ARG_DEPENDS})
  endif()
  if(ARG_TESTS AND NOT PODNAMED_LIBFUZZER)
    add_executable(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE ${library} ${ARG_TEST_DEPENDS} podnamed_warnings GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    add_dependencies(tests ${name}_test)
    if(ARG_CONCURRENT)
      set_tests_properties(${name} PROPERTIES LABELS concurrent)
      add_dependencies(concurrent_tests ${name}_test)
    endif()
  endif()
endfunction()

# podnamed_binary(NAME [MAN chapter] SOURCES main.cc … DEPENDS targets…): a program, and the manual page that it prints.
function(podnamed_binary name)
  cmake_parse_arguments(ARG "" "MAN" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE podnamed_flags podnamed_warnings ${ARG_DEPENDS})
  if(NOT ARG_MAN)
    return()
  endif()
  set(pages "${CMAKE_BINARY_DIR}/share/man/man${ARG_MAN}")
  add_custom_command(TARGET ${name} POST_BUILD
    BYPRODUCTS "${pages}/${name}.${ARG_MAN}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${pages}"
    COMMAND ${name} -man > "${pages}/${name}.${ARG_MAN}"
    VERBATIM)
endfunction()

# podnamed_proto(NAME FILES x.proto … [GRPC] DEPENDS targets…): generated classes, `podnamed_NAME`. Files import each
# other relative to proto/; code includes them as "proto/…", like everything else from the root.
function(podnamed_proto name)
  cmake_parse_arguments(ARG "GRPC" "" "FILES;DEPENDS" ${ARGN})
  set(library "podnamed_${name}")
  add_library(${library} STATIC ${ARG_FILES})
  target_link_libraries(${library} PUBLIC podnamed_flags protobuf::libprotobuf ${ARG_DEPENDS})
  target_include_directories(${library} SYSTEM PUBLIC "${CMAKE_BINARY_DIR}" "${CMAKE_BINARY_DIR}/proto")
  protobuf_generate(TARGET ${library} LANGUAGE cpp PROTOC_OUT_DIR "${CMAKE_BINARY_DIR}/proto" OUT_VAR outputs)
  if(ARG_GRPC)
    target_link_libraries(${library} PUBLIC gRPC::grpc++)
    protobuf_generate(TARGET ${library} LANGUAGE grpc PROTOC_OUT_DIR "${CMAKE_BINARY_DIR}/proto"
      GENERATE_EXTENSIONS .grpc.pb.h .grpc.pb.cc PLUGIN "protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>"
      OUT_VAR grpc_outputs)
  endif()
  add_custom_target(${library}_generated DEPENDS ${outputs} ${grpc_outputs})
  add_dependencies(generated ${library}_generated)
endfunction()

# podnamed_fuzzer(NAME SOURCES x_fuzz.cc DEPENDS targets…): a fuzz target; seeds lie in fuzz/seeds/NAME/.
# In the fuzz preset it is a libFuzzer program; elsewhere it replays its seeds as an ordinary test.
function(podnamed_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  set(seeds "${CMAKE_SOURCE_DIR}/fuzz/seeds/${name}")
  if(PODNAMED_LIBFUZZER)
    add_executable(${name}_fuzz ${ARG_SOURCES})
    target_link_libraries(${name}_fuzz PRIVATE podnamed_flags podnamed_warnings ${ARG_DEPENDS})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name}_fuzz ${ARG_SOURCES} "${CMAKE_SOURCE_DIR}/fuzz/replay_main.cc")
    target_link_libraries(${name}_fuzz PRIVATE podnamed_flags podnamed_warnings ${ARG_DEPENDS})
    add_test(NAME fuzz_seeds_${name} COMMAND ${name}_fuzz "${seeds}")
    add_dependencies(tests ${name}_fuzz)
  endif()
endfunction()

# podnamed_benchmark(NAME SOURCES x_bench.cc DEPENDS targets…): a Google Benchmark program.
function(podnamed_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name}_bench ${ARG_SOURCES})
  target_link_libraries(${name}_bench PRIVATE podnamed_flags podnamed_warnings ${ARG_DEPENDS} benchmark::benchmark_main)
endfunction()
