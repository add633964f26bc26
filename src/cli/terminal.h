// SPDX-License-Identifier: GPL-2.0-or-later
// Questions to the person at the terminal. Standard input is left alone: it may be a file that the command reads.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace dvpn::cli {

class Asker {
 public:
  Asker() = default;
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  virtual ~Asker() = default;

  /// Shows the question and waits for a line. Unbounded: ended by the person. Nothing: there was no answer, the end came.
  virtual std::optional<std::string> ask(const std::string& question) = 0;
};

/// Yes, spelled out or y, in either case. An empty answer is `otherwise`.
enum class Otherwise { kYes, kNo };
bool confirm(Asker& asker, const std::string& question, Otherwise otherwise);

/// The process's controlling terminal (tty(4)); null if it has none.
std::unique_ptr<Asker> open_terminal();

}  // namespace dvpn::cli
