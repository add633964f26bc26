// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong in one line of the table, told by the piece of the line that is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/diagnostic.h"

namespace dvpn::table {

class LineReport {
 public:
  /// The line and `diagnostics` must outlive it.
  LineReport(std::string_view line, std::size_t number, Diagnostics& diagnostics)
      : line_(line), number_(number), diagnostics_(diagnostics) {}

  /// `where` is a part of the line.
  void error(std::string_view where, std::string message) {
    failed_ = true;
    add(Severity::kError, where, std::move(message));
  }
  void warning(std::string_view where, std::string message) {
    add(Severity::kWarning, where, std::move(message));
  }

  bool failed() const { return failed_; }
  std::size_t number() const { return number_; }
  std::string_view line() const { return line_; }

 private:
  void add(Severity severity, std::string_view where, std::string message) {
    diagnostics_.add({.severity = severity,
                      .line = number_,
                      .column = static_cast<std::size_t>(where.data() - line_.data()) + 1,
                      .length = where.size(),
                      .message = std::move(message),
                      // beyond the most it is only counted, and a hostile table would have us copy for nothing
                      .source = diagnostics_.all().size() < Diagnostics::kMost ? std::string(line_) : std::string()});
  }

  std::string_view line_;
  std::size_t number_;
  Diagnostics& diagnostics_;
  bool failed_ = false;
};

}  // namespace dvpn::table
