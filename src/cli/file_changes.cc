// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/file_changes.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "base/text.h"
#include "cli/columns.h"

namespace dvpn::cli {

namespace {

std::vector<std::string_view> lines_of(std::string_view content) {
  std::vector<std::string_view> lines;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    lines.push_back(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return lines;
}

/// The lines of `content` that `other` has not as often.
std::vector<std::string> beyond(std::string_view content, std::string_view other) {
  std::map<std::string_view, std::size_t> there;
  for (const std::string_view line : lines_of(other)) ++there[line];
  std::vector<std::string> out;
  for (const std::string_view line : lines_of(content)) {
    std::size_t& count = there[line];
    if (count > 0)
      --count;
    else
      out.emplace_back(line);
  }
  return out;
}

}  // namespace

Status FileChanges::plan(const std::string& path, const Edit& edit) {
  auto at = std::ranges::find(files_, path, &One::path);
  if (at == files_.end()) {
    auto file = config::EditedFile::open(path);
    if (!file) return std::unexpected(file.error());
    std::string content = file->content();
    files_.push_back({.path = path, .file = std::move(*file), .before = content, .after = content});
    at = std::prev(files_.end());
  }
  auto edited = edit(at->after);
  if (!edited) return fail(ErrorKind::kConfiguration, text(path, ": ", edited.error()));
  at->after = std::move(*edited);
  return {};
}

bool FileChanges::empty() const {
  return std::ranges::all_of(files_, [](const One& one) { return one.before == one.after; });
}

std::vector<FileChanges::Change> FileChanges::changes() const {
  std::vector<Change> out;
  for (const One& one : files_)
    if (one.before != one.after) out.push_back({one.path, beyond(one.before, one.after), beyond(one.after, one.before)});
  return out;
}

std::string FileChanges::render() const {
  std::string out;
  for (const Change& change : changes()) {
    out += text(change.path, '\n');
    for (const std::string& line : change.removed) out += text("  -", line, '\n');
    for (const std::string& line : change.added) out += text("  +", line, '\n');
  }
  return printable(out);
}

Status FileChanges::apply() {
  for (One& one : files_) {
    if (one.before == one.after) continue;
    const Status replaced = one.file.replace(one.after);
    if (replaced) {
      one.written = true;
      continue;
    }
    const Status back = put_back();
    return fail(replaced.error().kind, text(replaced.error().text, back ? "; nothing was changed" : text("; and ", back.error().text)));
  }
  return {};
}

Status FileChanges::put_back() {
  std::string trouble;
  for (One& one : std::views::reverse(files_)) {
    if (!one.written) continue;
    if (const Status back = one.file.put_back(); back)
      one.written = false;
    else
      trouble += text(trouble.empty() ? "" : "; ", back.error().text);
  }
  if (!trouble.empty()) return fail(ErrorKind::kSystem, std::move(trouble));
  return {};
}

}  // namespace dvpn::cli
