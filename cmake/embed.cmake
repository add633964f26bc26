# SPDX-License-Identifier: GPL-2.0-or-later
# Writes a file's text into a C++ source as a constant:  cmake -DIN=FILE -DOUT=FILE.cc -DNAME=kName -P embed.cmake
file(READ "${IN}" content)
file(WRITE "${OUT}" "// Made by cmake/embed.cmake.
#include \"control/web_files.h\"
namespace dvpn::control {
const std::string_view ${NAME} = R\"embedded(${content})embedded\";
}
")
