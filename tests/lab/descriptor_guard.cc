// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loaded before dvpnd's libraries in the lab (LD_PRELOAD): ends the program when it closes a descriptor that is not open. In a
// program with threads the number may be another thread's connection by then, which would be cut off.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

extern "C" int close(int fd) {
  const auto result = static_cast<int>(::syscall(SYS_close, fd));
  if (result == 0 || errno != EBADF) return result;
  std::fprintf(stderr, "descriptor guard: close(%d) of a descriptor that is not open\n", fd);
  std::abort();
}
