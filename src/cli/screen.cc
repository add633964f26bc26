// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace dvpn::cli {

namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kClearLine = "\033[K";
constexpr std::string_view kClearRest = "\033[J";

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // the terminal has gone; SIGHUP follows
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

sigset_t our_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) sigaddset(&set, number);
  return set;
}

}  // namespace

bool Screen::possible() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Screen::Screen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  const sigset_t set = our_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  enter();
}

Screen::~Screen() {
  leave();
  const sigset_t set = our_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void Screen::enter() {
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  put(kEnter);
}

void Screen::leave() {
  put(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

/// As ^Z would have stopped us; goes on here when the shell lets us.
void Screen::stop() {
  leave();
  ::raise(SIGSTOP);
  enter();
}

Screen::Size Screen::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {24, 80};
  return {window.ws_row, window.ws_col};
}

void Screen::show(const std::string& text) {
  std::string out(kHome);
  for (const char c : text) {
    if (c == '\n') out += std::string(kClearLine) + "\r\n";
    else out += c;
  }
  put(out += std::string(kClearLine) + std::string(kClearRest));
}

int Screen::take_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return 0;
  const int number = static_cast<int>(info.ssi_signo);
  if (number == SIGTSTP) stop();
  return number == SIGTSTP || number == SIGWINCH ? 0 : number;
}

Screen::Event Screen::wait(std::chrono::milliseconds at_most) {
  pollfd waiting[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = signals_.get(), .events = POLLIN, .revents = 0}};
  if (::poll(waiting, 2, static_cast<int>(at_most.count())) <= 0) return {};
  if (waiting[1].revents != 0) return {.signal = take_signal()};
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) != 1) return {.signal = SIGHUP};  // nobody is there any more
  return {.key = key};
}

std::string clip(const std::string& text, Screen::Size size) {
  std::string out;
  std::size_t row = 0;
  for (std::size_t at = 0; at < text.size() && row < size.rows; ++row) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += (row > 0 ? "\n" : "") + text.substr(at, std::min(end - at, size.columns));
    at = end + 1;
  }
  return out;
}

}  // namespace dvpn::cli
