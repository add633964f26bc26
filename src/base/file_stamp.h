// SPDX-License-Identifier: GPL-2.0-or-later
// By what a file is known to be the same as before, without reading it.
#pragma once

#include <cstdint>
#include <string>

namespace dvpn {

struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  ///< there is none
  std::int64_t modified = 0;  ///< nanoseconds
  std::int64_t changed = 0;   ///< of its inode: a replaced or renamed file as well

  FileStamp() = default;
  /// As the file is now, behind symbolic links. Does not block.
  explicit FileStamp(const std::string& path);
  bool operator==(const FileStamp&) const = default;
};

}  // namespace dvpn
