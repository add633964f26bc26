// SPDX-License-Identifier: GPL-2.0-or-later
// Turns a place in a file's content into a diagnostic that shows the line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"

namespace dvpn::config {

/// Where something stands: line and column from 1, `length` bytes; line 0 is the file as a whole.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  std::size_t length = 0;
};

class Report {
 public:
  /// Both must outlive it.
  Report(std::string_view content, Diagnostics& diagnostics);

  void error(const Place& place, std::string message) { add(Severity::kError, place, std::move(message)); }
  void warning(const Place& place, std::string message) { add(Severity::kWarning, place, std::move(message)); }

  /// The text of a line, without its end; empty beyond the last one.
  std::string_view line(std::size_t number) const;

 private:
  void add(Severity severity, const Place& place, std::string message);

  std::string_view content_;
  Diagnostics& diagnostics_;
  std::vector<std::size_t> starts_;  // offset of each line
};

}  // namespace dvpn::config
