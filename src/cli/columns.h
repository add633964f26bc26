// SPDX-License-Identifier: GPL-2.0-or-later
// Text in aligned columns, for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dvpn::cli {

class Columns {
 public:
  explicit Columns(std::vector<std::string> heading) { add(std::move(heading)); }
  /// Without a heading.
  Columns() = default;

  /// An empty cell is shown as "-". Control characters, which a remote party may have chosen, are shown as '?'.
  void add(std::vector<std::string> cells);

  /// Each line begins with `indent` and ends with a newline, without blanks in front of it.
  std::string render(std::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// The text with control characters shown as '?'; line ends stay.
std::string printable(std::string_view text);

}  // namespace dvpn::cli
