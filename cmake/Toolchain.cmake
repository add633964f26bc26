# Compiler flags: warnings are errors, hardened release builds, sanitizer builds.

find_program(CCACHE ccache)
if(CCACHE)
  # (ccache(1), "Precompiled headers": without these it caches nothing that uses one)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wnull-dereference -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports null dereferences and uninitialised members inside the standard library's own
  # containers once they are inlined; those two warnings stay on for clang alone.
  # And it takes the memory of a coroutine's frame for mismatched where it inlined Asio's allocation and not its release.
  add_compile_options(-Wno-null-dereference -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
  # At -O3 it sees overlapping copies in std::string's operator+ (GCC bug 105651, mended in 13).
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    add_compile_options(-Wno-restrict)
  endif()
else()
  # clang reports libstdc++ 12's own use of std::get_temporary_buffer in std::stable_sort, and what libseccomp's macros are made of.
  add_compile_options(-Wno-deprecated-declarations -Wno-c99-extensions)
endif()

if(DVPN_SANITIZE STREQUAL "address")
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(DVPN_SANITIZE STREQUAL "thread")
  add_compile_options(-O1 -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
  add_link_options(-fsanitize=thread)
elseif(DVPN_SANITIZE STREQUAL "")
  if(NOT DVPN_FUZZ)
    add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection)
    add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
    add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  endif()
else()
  message(FATAL_ERROR "DVPN_SANITIZE is '${DVPN_SANITIZE}'; it may be empty, 'address' or 'thread'")
endif()

if(DVPN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "DVPN_FUZZ needs clang: configure with -DCMAKE_CXX_COMPILER=clang++-19")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
