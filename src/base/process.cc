// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "base/unique_fd.h"

namespace dvpn {

namespace {

std::uint64_t resident_memory() {
  const UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  char buffer[128] = {};
  if (!file || ::read(file.get(), buffer, sizeof buffer - 1) <= 0) return 0;
  unsigned long pages = 0;
  if (std::sscanf(buffer, "%*s %lu", &pages) != 1) return 0;
  return std::uint64_t{pages} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::microseconds duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

ProcessUse process_use() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {.resident = resident_memory(), .cpu = duration(usage.ru_utime) + duration(usage.ru_stime)};
}

}  // namespace dvpn
