// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/kernel_tool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "base/unique_fd.h"
#include "net/deadline.h"

namespace dvpn::intercept {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr off_t kMostOutput = 64 << 20;
constexpr std::size_t kComplaint = 512;

/// A file in memory as the child's standard stream: nobody has to feed or drain a pipe.
Result<UniqueFd> memory_file(const std::string& content) {
  UniqueFd fd(::memfd_create("dvpn-tool", MFD_CLOEXEC));
  if (!fd) return fail_errno("memfd_create", errno);
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(fd.get(), content.data() + written, content.size() - written);
    if (n <= 0) return fail_errno("writing a program's input", errno);
    written += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string content_of(int fd) {
  std::string content(static_cast<std::size_t>(std::clamp<off_t>(::lseek(fd, 0, SEEK_END), 0, kMostOutput)), '\0');
  std::size_t read = 0;
  while (read < content.size()) {
    const ssize_t n = ::pread(fd, content.data() + read, content.size() - read, static_cast<off_t>(read));
    if (n <= 0) break;
    read += static_cast<std::size_t>(n);
  }
  content.resize(read);
  return content;
}

/// Starts the program with the two files as its input and its output. Returns its process.
Result<pid_t> spawn(const char* program, std::vector<std::string> arguments, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  // ipset reads addresses with getaddrinfo(3), which otherwise looks at resolv.conf(5) for each: more than half of its time.
  char resolver[] = "RES_OPTIONS=no-reload";
  char* environment[] = {path, resolver, nullptr};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, program, &actions, &attributes, argv.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno(text("starting ", program), error);
  return child;
}

}  // namespace

std::string ToolOutcome::complaint() const {
  std::string words = output.substr(0, kComplaint);
  std::ranges::replace(words, '\n', ' ');
  return words;
}

net::Task<Result<ToolOutcome>> run_tool(const char* path, std::vector<std::string> arguments, std::string input_text) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto input = memory_file(input_text);
  const auto output = memory_file("");
  if (!input || !output) co_return fail(ErrorKind::kSystem, text("no memory for the input of ", path));
  const auto child = spawn(path, std::move(arguments), input->get(), output->get());
  if (!child) co_return std::unexpected(child.error());

  net::Descriptor ended(executor);
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, *child, 0)));
  net::error_code unwatched = net::asio::error::bad_descriptor;
  if (pidfd) ended.assign(pidfd.get(), unwatched);
  if (unwatched) {
    ::kill(*child, SIGKILL);  // to wait for it without a bound would stop everything
  } else {
    (void)pidfd.release();
    const net::Deadline deadline(executor, kPatience, [pid = *child] { ::kill(pid, SIGKILL); });
    co_await ended.async_wait(net::Descriptor::wait_read, net::use_result);
  }
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (unwatched) co_return fail(ErrorKind::kSystem, text(path, " cannot be waited for: ", unwatched.message()));
  co_return ToolOutcome{WIFEXITED(status) && WEXITSTATUS(status) == 0, content_of(output->get())};
}

}  // namespace dvpn::intercept
