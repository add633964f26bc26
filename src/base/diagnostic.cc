// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/diagnostic.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace dvpn {

namespace {

constexpr std::size_t kLongestSource = 200;  // a longer line is cut around its mark

/// The source line with control characters made visible as '?', tabs as one space, so that the mark lines up.
std::string printable(std::string_view source) {
  std::string out(source);
  for (char& c : out) {
    if (c == '\t') c = ' ';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

void render_source(std::string& out, const Diagnostic& diagnostic) {
  if (diagnostic.column == 0 || diagnostic.source.empty()) return;
  std::size_t start = 0;
  const std::size_t mark = diagnostic.column - 1;
  if (mark > kLongestSource / 2 && diagnostic.source.size() > kLongestSource) start = mark - kLongestSource / 2;
  const std::string shown = printable(std::string_view(diagnostic.source).substr(start, kLongestSource));
  const std::size_t left = mark - start;
  const std::size_t room = shown.size() > left ? shown.size() - left : 1;
  const std::size_t length = std::clamp<std::size_t>(diagnostic.length, 1, room);
  out += text("  ", shown, "\n  ", std::string(left, ' '), '^', std::string(length - 1, '~'), '\n');
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) {
  (diagnostic.severity == Severity::kError ? errors_ : warnings_) += 1;
  if (all_.size() < kMost) all_.push_back(std::move(diagnostic));
}

void Diagnostics::sort() {
  std::ranges::stable_sort(all_, {}, [](const Diagnostic& d) { return std::tuple(d.line, d.column); });
}

std::string Diagnostics::render() const {
  std::string out;
  for (const Diagnostic& diagnostic : all_) {
    out += file_;
    if (diagnostic.line > 0) out += text(':', diagnostic.line);
    if (diagnostic.column > 0) out += text(':', diagnostic.column);
    out += diagnostic.severity == Severity::kError ? ": error: " : ": warning: ";
    out += text(printable(diagnostic.message), '\n');
    render_source(out, diagnostic);
  }
  if (errors_ + warnings_ > all_.size())
    out += text(file_, ": and ", errors_ + warnings_ - all_.size(), " more\n");
  return out;
}

}  // namespace dvpn
