// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal as one screen that is drawn again and again: alternate screen, no cursor, keys as they are pressed. It is given back as
// it was when the object goes, when the program is stopped (^Z), and before a signal ends it: signals that would end the program are
// taken and handed out, for the caller to leave by them. (Plain ANSI, console_codes(4); nothing here needs ncurses.)
#pragma once

#include <termios.h>

#include <chrono>
#include <string>

#include "base/unique_fd.h"

namespace dvpn::cli {

class Screen {
 public:
  /// Whether standard input and output are a terminal.
  static bool possible();

  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  struct Size {
    std::size_t rows, columns;
  };
  Size size() const;

  /// Shows the text instead of what was there. It has no control characters but line ends, and fits.
  void show(const std::string& text);

  /// A key that was pressed, a signal that is to end the program, or neither: the time is over, or the size has changed.
  struct Event {
    char key = 0;
    int signal = 0;
  };
  Event wait(std::chrono::milliseconds at_most);

 private:
  void enter();
  void leave();
  void stop();
  int take_signal();

  termios before_{};
  UniqueFd signals_;
};

/// The first lines and columns of a text.
std::string clip(const std::string& text, Screen::Size size);

}  // namespace dvpn::cli
