// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of several files that belong together: all are made, or those that were are put back.
//
// A file is opened and locked (config/edited_file) when it is first named, and stays so until the object goes; what it shall hold is
// worked out before anything is written.
#pragma once

#include <expected>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/edited_file.h"

namespace dvpn::cli {

class FileChanges {
 public:
  /// What an edit makes of a file's text, or a sentence that says why it cannot.
  using Edit = std::function<std::expected<std::string, std::string>(std::string_view content)>;

  /// Works an edit out, on top of earlier ones of the same file. Nothing is written.
  Status plan(const std::string& path, const Edit& edit);

  /// Nothing would change.
  bool empty() const;

  struct Change {
    std::string path;
    std::vector<std::string> removed;  ///< lines, in the file's order
    std::vector<std::string> added;
  };
  /// Of those files that change.
  std::vector<Change> changes() const;
  /// For people: each file's name, and its lines with a minus or a plus before them.
  std::string render() const;

  /// Writes all, in the order in which they were planned. On an error those that were written are put back; should that fail too,
  /// the text says which.
  Status apply();
  /// After apply(): as it was before.
  Status put_back();

 private:
  struct One {
    std::string path;
    config::EditedFile file;
    std::string before;
    std::string after;
    bool written = false;
  };
  std::list<One> files_;
};

}  // namespace dvpn::cli
