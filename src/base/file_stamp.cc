// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file_stamp.h"

#include <sys/stat.h>

namespace dvpn {

FileStamp::FileStamp(const std::string& path) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return;
  device = facts.st_dev;
  inode = facts.st_ino;
  size = facts.st_size;
  modified = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec;
  changed = facts.st_ctim.tv_sec * kSecond + facts.st_ctim.tv_nsec;
}

}  // namespace dvpn
