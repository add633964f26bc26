// SPDX-License-Identifier: GPL-2.0-or-later
//
// clock_shift: a wall clock that jumps, for one program (LD_PRELOAD): what the C library tells it of CLOCK_REALTIME is so many
// seconds off as the first eight bytes of the file CLOCK_SHIFT_FILE say, at each moment. The monotonic clock is left alone, as it is when
// a machine's clock is set. A time namespace cannot do that: it has no wall clock of its own.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

std::atomic<std::int64_t>* shift = nullptr;

/// Mapped once, before the program may give up the right to open it.
__attribute__((constructor)) void map_the_file() {
  const char* const path = std::getenv("CLOCK_SHIFT_FILE");
  const int fd = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* const memory = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (memory != MAP_FAILED) shift = static_cast<std::atomic<std::int64_t>*>(memory);
}

std::int64_t seconds() { return shift != nullptr ? shift->load() : 0; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Real = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += seconds();
  return result;
}

int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return result;
}

time_t time(time_t* also) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (also != nullptr) *also = now.tv_sec;
  return now.tv_sec;
}

}
