// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/metrics_text.h"

#include <charconv>

#include "base/text.h"

namespace dvpn::control {

namespace {

double in_seconds(gateway::OpenTimes::Time time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') out += "\\n";
    else if (c == '\\' || c == '"') (out += '\\') += c;
    else out += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return out;
}

std::string MetricsText::number(double value) {
  char buffer[400];  // the longest there is
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return {buffer, end};
}

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += dvpn::text("# HELP ", name, ' ', help, "\n# TYPE ", name, ' ', type, '\n');
}

void MetricsText::line(std::string_view suffix, Labels labels, std::string_view value, std::string_view le) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto add = [&](std::string_view label, std::string_view of) {
    text_ += dvpn::text(before, label, "=\"", escape_label(of), '"');
    before = ',';
  };
  for (const auto& [label, of] : labels) add(label, of);
  if (!le.empty()) add("le", le);
  text_ += dvpn::text(before == ',' ? "} " : " ", value, '\n');
}

void MetricsText::sample(Labels labels, const gateway::OpenTimes& times) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < gateway::OpenTimes::kBounds.size(); ++i) {
    so_far += times.counts[i];
    line("_bucket", labels, std::to_string(so_far), number(in_seconds(gateway::OpenTimes::kBounds[i])));
  }
  line("_bucket", labels, std::to_string(times.count()), "+Inf");
  line("_sum", labels, number(in_seconds(times.sum)));
  line("_count", labels, std::to_string(times.count()));
}

}  // namespace dvpn::control
