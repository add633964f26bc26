// SPDX-License-Identifier: GPL-2.0-or-later
// What is wrong in a file that a person wrote, shown at its place:
//   /etc/dvpn/hosts:12:31: error: port 70000 is out of range (1..65535)
//     10.0.32.1  thursday  #!203.0.113.7:70000
//                                        ^~~~~
// A parser collects them all instead of stopping at the first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dvpn {

enum class Severity { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::size_t line = 0;    ///< from 1; 0: the file as a whole
  std::size_t column = 0;  ///< from 1, in bytes; 0: the line as a whole
  std::size_t length = 0;  ///< bytes that the mark underlines; at least one is marked
  std::string message{};
  std::string source{};  ///< the line's text, without its end
};

class Diagnostics {
 public:
  /// After this many of them the rest is only counted: a hostile file cannot make us hold more.
  static constexpr std::size_t kMost = 100;

  explicit Diagnostics(std::string file) : file_(std::move(file)) {}

  void add(Diagnostic diagnostic);

  /// Puts them in the order of their places; equal places keep the order in which they were added.
  void sort();

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }
  const std::string& file() const { return file_; }
  const std::vector<Diagnostic>& all() const { return all_; }

  /// All of them as a compiler would print them, each line ended by a newline.
  std::string render() const;

 private:
  std::string file_;
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace dvpn
