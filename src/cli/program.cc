// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/units.h"
#include "base/unique_fd.h"

namespace dvpn::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kMostSaid = 1u << 20;  // bytes of each stream that are kept
constexpr std::string_view kSystemFolders = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string search_path() {
  const char* const path = ::getenv("PATH");
  return path == nullptr || *path == '\0' ? std::string(kSystemFolders) : text(path, ':', kSystemFolders);
}

std::optional<std::string> find_program(const std::string& name, std::string_view path) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    std::string candidate = text(path.substr(0, end), '/', name);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (candidate.front() == '/' && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

/// Ours, but with the path that we looked in and messages that we can read.
std::vector<std::string> environment(const std::string& path) {
  std::vector<std::string> out = {"PATH=" + path, "LC_ALL=C"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view one(*entry);
    if (!one.starts_with("PATH=") && !one.starts_with("LC_ALL=")) out.emplace_back(one);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// A process group of its own, so that what it started is killed with it.
int start(pid_t& pid, const std::string& program, std::vector<char*> arguments, std::vector<char*> variables, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int failure = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), variables.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return failure;
}

/// Reads both until their ends. False: not in time.
bool listen(Pipe& out, Pipe& err, Ran& ran, Clock::time_point end) {
  char buffer[65536];
  while (out.read || err.read) {
    pollfd waiting[2] = {{.fd = out.read.get(), .events = POLLIN, .revents = 0}, {.fd = err.read.get(), .events = POLLIN, .revents = 0}};
    const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    if (::poll(waiting, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    for (int i = 0; i < 2; ++i) {
      if (waiting[i].revents == 0) continue;
      UniqueFd& from = i == 0 ? out.read : err.read;
      std::string& said = i == 0 ? ran.out : ran.err;
      const ssize_t count = ::read(from.get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) from.reset();
      else said.append(buffer, std::min(static_cast<std::size_t>(count), kMostSaid - said.size()));
    }
  }
  return true;
}

}  // namespace

std::string Ran::complaint() const {
  const std::string& said = err.empty() ? out : err;
  return said.substr(0, said.find_last_not_of(" \n") + 1);
}

Result<Ran> run_program(const std::vector<std::string>& words, milliseconds within) {
  const std::string path = search_path();
  const auto program = find_program(words.front(), path);
  if (!program) return fail(ErrorKind::kConfiguration, text(words.front(), ": there is no such program in ", path));
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err) return fail_errno("pipe", errno);
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables = environment(path);
  pid_t pid = -1;
  if (const int failure = start(pid, *program, pointers(arguments), pointers(variables), *out, *err); failure != 0)
    return fail_errno(*program, failure);
  out->write.reset();
  err->write.reset();

  Ran ran;
  const bool in_time = listen(*out, *err, ran, Clock::now() + within);
  if (!in_time) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}  // unbounded: it has closed its output, or was killed
  if (!in_time) return fail(ErrorKind::kSystem, text(words.front(), ": did not end within ", format_duration(within), " and was killed"));
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

}  // namespace dvpn::cli
