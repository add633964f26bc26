// SPDX-License-Identifier: GPL-2.0-or-later
// The text form in which Prometheus reads metrics (exposition format 0.0.4): families, each with its samples. Pure.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/usage.h"

namespace dvpn::control {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family: all of its samples follow.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

  void sample(Labels labels, std::integral auto value) { line("", labels, std::to_string(value)); }
  void sample(Labels labels, double value) { line("", labels, number(value)); }
  /// All samples of a histogram, in seconds.
  void sample(Labels labels, const gateway::OpenTimes& times);

  /// A family of one sample.
  template <class Value>
  void one(std::string_view name, const char* type, std::string_view help, Value value) {
    family(name, type, help);
    sample({}, value);
  }

  const std::string& text() const { return text_; }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void line(std::string_view suffix, Labels labels, std::string_view value, std::string_view le = {});
  static std::string number(double value);

  std::string text_;
  std::string name_;
};

/// A label's value as it is written between quotes. What is no ASCII text becomes '?'.
std::string escape_label(std::string_view value);

}  // namespace dvpn::control
