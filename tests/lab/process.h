// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands as lab tests run them: each is a shell command in a process group of its own, with a deadline.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace dvpn::lab {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;

/// What became of a command. `exit` is its status; 128 + number when a signal ended it; kTimedOut when we did.
struct Result {
  static constexpr int kTimedOut = -1;
  int exit = 0;
  std::string out, err;
  double seconds = 0;
};

/// A command that is running, or has ended. Its whole process group is killed with the object.
class Process {
 public:
  /// Starts `arguments`; aborts the test program when it cannot even fork.
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process& operator=(Process&&) = delete;

  /// What it has written so far.
  std::string out() const;
  std::string err() const;
  /// Waits until its output (either of the two) has a match for the regular expression; false at the deadline or when
  /// the process ended without.
  bool wait_for_output(const std::string& regex, Duration deadline = 10s) const;
  /// Waits for the end; kills the group at the deadline. Blocks.
  Result wait(Duration deadline = 30s);
  bool running() const;
  /// Signals the whole process group.
  void kill(int signal) const;
  pid_t pid() const { return pid_; }

 private:
  void reap();

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int out_ = -1, err_ = -1;  // files in memory
  bool reaped_ = false;
  Result result_;
  std::chrono::steady_clock::time_point begun_;
};

/// Asks every few milliseconds until the condition holds; false, and a failure of the test that names `what`, at the deadline.
bool wait_until(const std::function<bool()>& condition, Duration deadline, const std::string& what);

}  // namespace dvpn::lab
