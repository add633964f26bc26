// SPDX-License-Identifier: GPL-2.0-or-later
// A file that is changed in place: read under a lock, then replaced whole, so that a reader sees the old text or the new one, and
// a power cut leaves one of them. Owner, group and mode stay.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace dvpn::config {

class EditedFile {
 public:
  /// Locks and reads it; waits at most ten seconds for whoever edits it by the same way. A path that leads to it by symbolic links
  /// stays one. Nothing is there: an empty text, and replace() makes it, root's to write and everybody's to read.
  static Result<EditedFile> open(const std::string& path);

  const std::string& content() const { return content_; }

  /// kSystem if it cannot be done; the file is as it was then. Blocks until the disk has it.
  Status replace(std::string_view content);

  /// After a replace(): the text that open() found, or no file if there was none.
  Status put_back();

 private:
  std::string path_;  // where the file itself is
  std::string content_;
  std::string found_;  // by open()
  bool was_there_ = false;
  UniqueFd lock_;
  struct stat facts_ {};
};

}  // namespace dvpn::config
