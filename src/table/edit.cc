// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/edit.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/diagnostic.h"
#include "base/text.h"
#include "table/hosts_names.h"
#include "table/line.h"
#include "table/line_report.h"
#include "table/words.h"

namespace dvpn::table {

namespace {

/// A line of the text: without its end, and with it.
struct Line {
  std::size_t number;
  std::string_view text;
  std::string_view whole;
};

std::vector<Line> split(std::string_view content) {
  std::vector<Line> lines;
  while (!content.empty()) {
    const std::size_t end = content.find('\n');
    const std::string_view whole = content.substr(0, end == std::string_view::npos ? end : end + 1);
    content.remove_prefix(whole.size());
    std::string_view text = whole.substr(0, whole.find_last_not_of("\r\n") + 1);
    lines.push_back({lines.size() + 1, text, whole});
  }
  return lines;
}

std::optional<MarkedLine> marked(const Line& line) {
  Diagnostics unheard("");
  LineReport report(line.text, line.number, unheard);
  return find_marker(report);
}

std::string_view trimmed(std::string_view words) {
  const std::size_t first = words.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return words.substr(first, words.find_last_not_of(" \t") + 1 - first);
}

/// What stands behind the part that is read: a comment, with its mark.
std::string_view comment(const Line& line, const MarkedLine& parts) {
  return trimmed(line.text.substr(static_cast<std::size_t>(parts.behind.data() + parts.behind.size() - line.text.data())));
}

bool same_words(std::string_view a, std::string_view b) {
  const Words left(a);
  const Words right(b);
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

std::string numbers(const std::vector<Line>& lines) {
  std::string out;
  for (const Line& line : lines) out += text(out.empty() ? "" : &line == &lines.back() ? " and " : ", ", line.number);
  return out;
}

template <class Wanted>
std::vector<Line> find(std::string_view content, const Wanted& wanted) {
  std::vector<Line> found;
  for (const Line& line : split(content))
    if (const auto parts = marked(line); parts && wanted(*parts)) found.push_back(line);
  return found;
}

std::vector<Line> find_address(std::string_view content, const net::Address& address) {
  return find(content, [&](const MarkedLine& parts) { return parts.address == address; });
}

std::vector<Line> find_name(std::string_view content, std::string_view name) {
  return find(content, [&](const MarkedLine& parts) {
    const Words names(parts.names);
    return std::any_of(names.begin(), names.end(), [&](std::string_view word) { return same_name(word, name); });
  });
}

/// The text with `line` replaced by `fresh`, or taken out.
Edit change(std::string_view content, const Line& line, std::optional<std::string> fresh) {
  Edit edit;
  const auto at = static_cast<std::size_t>(line.whole.data() - content.data());
  edit.content = content.substr(0, at);
  if (fresh) edit.content += *fresh + std::string(line.whole.substr(line.text.size()));
  edit.content += content.substr(at + line.whole.size());
  edit.changes.push_back({line.number, std::string(line.text), std::move(fresh)});
  return edit;
}

std::unexpected<std::string> several(std::string_view what, const std::vector<Line>& lines) {
  return std::unexpected(text(what, " stands in the lines ", numbers(lines), ": change them with an editor, or name one by its address"));
}

/// `fresh` in the place of `old`, whose comment stays; nothing if they say the same.
std::optional<std::string> merged(const Line& old, const Line& fresh) {
  const MarkedLine was = *marked(old);
  const MarkedLine wanted = *marked(fresh);
  if (same_words(was.names, wanted.names) && same_words(was.behind, wanted.behind)) return std::nullopt;
  const std::string_view remark = comment(fresh, wanted).empty() ? comment(old, was) : std::string_view();
  return text(fresh.text, remark.empty() ? "" : "  ", remark);
}

/// Each of `fresh` that has a marker, in the place of the line with its address or behind all others.
std::expected<Edit, std::string> set_lines(std::string_view content, const std::vector<Line>& fresh) {
  const std::vector<Line> lines = split(content);
  std::unordered_map<net::Address, std::vector<Line>> by_address;
  for (const Line& line : lines)
    if (const auto parts = marked(line)) by_address[parts->address].push_back(line);

  std::map<std::size_t, std::string> replaced;  // by the line's number
  std::vector<std::string_view> added;
  std::unordered_set<net::Address> seen;
  for (const Line& line : fresh) {
    const auto parts = marked(line);
    if (!parts) continue;
    if (!seen.insert(parts->address).second) return std::unexpected(text(parts->address.to_string(), " stands twice in what is to be set"));
    const auto there = by_address.find(parts->address);
    if (there == by_address.end()) {
      added.push_back(line.text);
      continue;
    }
    if (there->second.size() > 1) return several(parts->address.to_string(), there->second);
    if (auto changed = merged(there->second.front(), line)) replaced.emplace(there->second.front().number, std::move(*changed));
  }

  Edit edit;
  for (const Line& line : lines) {
    const auto changed = replaced.find(line.number);
    if (changed == replaced.end()) {
      edit.content += line.whole;
      continue;
    }
    edit.content += text(changed->second, line.whole.substr(line.text.size()));
    edit.changes.push_back({line.number, std::string(line.text), changed->second});
  }
  if (!added.empty() && !edit.content.empty() && edit.content.back() != '\n') edit.content += '\n';
  for (const std::string_view& line : added) {
    edit.content += text(line, '\n');
    edit.changes.push_back({lines.size() + 1 + static_cast<std::size_t>(&line - added.data()), std::nullopt, std::string(line)});
  }
  return edit;
}

}  // namespace

std::expected<Edit, std::string> set_line(std::string_view content, std::string_view line) {
  const Line fresh{1, line, line};
  if (std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return std::unexpected("a line of a table has no control characters in it");
  if (!marked(fresh)) return std::unexpected(text("'", line, "' is no line of a table: ADDRESS NAME #! GATEWAY"));
  return set_lines(content, {fresh});
}

std::expected<Edit, std::string> remove_line(std::string_view content, std::string_view what) {
  const auto address = net::Address::parse(what);
  const std::vector<Line> there = address ? find_address(content, *address) : find_name(content, what);
  if (there.empty()) return std::unexpected(text("no line with a gateway has the ", address ? "address " : "name ", what));
  if (there.size() > 1) return several(what, there);
  return change(content, there.front(), std::nullopt);
}

std::expected<Edit, std::string> rename_site(std::string_view content, std::string_view from, std::string_view to) {
  if (trimmed(to) != to || to.empty() || to.find_first_of(" \t#\r\n,") != std::string_view::npos)
    return std::unexpected(text("'", to, "' cannot be a name: one word, without '#' and ','"));
  if (!addresses_of(content, to).empty()) return std::unexpected(text("a line has the name ", to, " already"));
  const std::vector<Line> there = find_name(content, from);
  if (there.empty()) return std::unexpected(text("no line with a gateway has the name ", from));
  if (there.size() > 1) return several(from, there);
  const Line& line = there.front();
  const MarkedLine parts = *marked(line);
  std::string fresh(line.text);
  for (const std::string_view word : Words(parts.names)) {
    if (!same_name(word, from)) continue;
    fresh.replace(static_cast<std::size_t>(word.data() - line.text.data()), word.size(), to);
    break;
  }
  return change(content, line, std::move(fresh));
}

std::expected<Edit, std::string> import_lines(std::string_view content, std::string_view other) {
  return set_lines(content, split(other));
}

std::string render(const std::vector<LineChange>& changes) {
  std::string out;
  for (const LineChange& change : changes) {
    out += text("@@ line ", change.line, " @@\n");
    if (change.before) out += text('-', *change.before, '\n');
    if (change.after) out += text('+', *change.after, '\n');
  }
  return out;
}

}  // namespace dvpn::table
