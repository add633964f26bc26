// SPDX-License-Identifier: GPL-2.0-or-later
// Edits of the table's text: one line changes, every other byte stays. Pure; whether the result still is a table, Table::parse()
// says.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dvpn::table {

/// A line as it was and as it is to be, without its end; nothing: it is new, or goes.
struct LineChange {
  std::size_t line;  ///< from 1: in the old text, or for a new line in the new one
  std::optional<std::string> before;
  std::optional<std::string> after;
};

struct Edit {
  std::string content;
  std::vector<LineChange> changes;  ///< none: it was so already
};

/// The text with `line` ("ADDRESS NAME… #! GATEWAY…") in the place of the line with a marker that has its address, whose comment
/// stays, or behind all others. An error if `line` has no marker, or its address stands in several.
std::expected<Edit, std::string> set_line(std::string_view content, std::string_view line);

/// The text without the one line with a marker that has this address or name. An error if there is none, or several.
std::expected<Edit, std::string> remove_line(std::string_view content, std::string_view what);

/// The text with the name `from` of a line with a marker changed into `to`. An error if there is no such line or several, or if any
/// line has the name `to`.
std::expected<Edit, std::string> rename_site(std::string_view content, std::string_view from, std::string_view to);

/// The text with every line with a marker of `other` set; those that it has already do not change.
std::expected<Edit, std::string> import_lines(std::string_view content, std::string_view other);

/// What a person reads: "@@ line 7 @@", and the line with a minus before it, a plus, or both.
std::string render(const std::vector<LineChange>& changes);

}  // namespace dvpn::table
