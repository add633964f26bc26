// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/report.h"

#include <algorithm>

namespace dvpn::config {

Report::Report(std::string_view content, Diagnostics& diagnostics) : content_(content), diagnostics_(diagnostics) {
  std::size_t start = 0;
  while (start < content.size()) {
    starts_.push_back(start);
    const std::size_t end = content.find('\n', start);
    start = end == std::string_view::npos ? content.size() : end + 1;
  }
}

std::string_view Report::line(std::size_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t start = starts_[number - 1];
  std::string_view text = content_.substr(start, content_.find('\n', start) - start);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void Report::add(Severity severity, const Place& place, std::string message) {
  const std::string_view source = line(place.line);
  diagnostics_.add({.severity = severity,
                    .line = place.line,
                    .column = std::min(place.column, source.size() + 1),  // a library's mark may be beyond the end
                    .length = place.length,
                    .message = std::move(message),
                    .source = std::string(source)});
}

}  // namespace dvpn::config
