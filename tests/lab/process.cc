// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <thread>
#include <utility>

namespace dvpn::lab {
namespace {

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> buffer;
  for (ssize_t n; (n = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  return text;
}

[[noreturn]] void run_child(const std::vector<std::string>& arguments, int out, int err, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(out, 1);
  dup2(err, 2);
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  std::perror(argv[0]);
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) : begun_(std::chrono::steady_clock::now()) {
  // Appending, so that several writers of the same file do not overwrite each other.
  out_ = memfd_create("out", MFD_CLOEXEC);
  err_ = memfd_create("err", MFD_CLOEXEC);
  fcntl(out_, F_SETFL, O_APPEND);
  fcntl(err_, F_SETFL, O_APPEND);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid_ == 0) run_child(arguments, out_, err_, parent);
  setpgid(pid_, pid_);
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      reaped_(std::exchange(other.reaped_, true)),
      result_(std::move(other.result_)),
      begun_(other.begun_) {}

Process::~Process() {
  if (pid_ < 0) return;
  if (!reaped_) wait(0ms);
  close(pidfd_);
  close(out_);
  close(err_);
}

std::string Process::out() const { return read_all(out_); }
std::string Process::err() const { return read_all(err_); }

bool Process::running() const {
  pollfd ended{pidfd_, POLLIN, 0};
  return !reaped_ && poll(&ended, 1, 0) == 0;
}

void Process::kill(int signal) const {
  if (!reaped_) ::kill(-pid_, signal);
}

bool Process::wait_for_output(const std::string& regex, Duration deadline) const {
  const std::regex pattern(regex);
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const bool was_running = running();  // asked first: what it wrote last is then in the output
    if (std::regex_search(out(), pattern) || std::regex_search(err(), pattern)) return true;
    if (!was_running || std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
}

Result Process::wait(Duration deadline) {
  if (reaped_) return result_;
  pollfd ended{pidfd_, POLLIN, 0};
  const bool in_time = poll(&ended, 1, static_cast<int>(deadline.count())) > 0;
  ::kill(-pid_, SIGKILL);  // at the deadline the command; otherwise what it left behind in its group
  reap();
  if (!in_time) result_.exit = Result::kTimedOut;
  return result_;
}

void Process::reap() {
  int status = 0;
  waitpid(pid_, &status, 0);  // unbounded: ended by the SIGKILL before
  reaped_ = true;
  result_.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result_.out = out();
  result_.err = err();
  result_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

bool wait_until(const std::function<bool()>& condition, Duration deadline, const std::string& what) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "waited " << deadline.count() << " ms in vain for " << what;
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace dvpn::lab
