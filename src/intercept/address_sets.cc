// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/address_sets.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/text.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "net/deadline.h"

namespace dvpn::intercept {

namespace {

constexpr std::size_t kSmallest = 1024;  // hash buckets; ipset's own default (ipset(8))
constexpr auto kPatience = std::chrono::seconds(10);
constexpr const char* kCreate = " hash:net family ";
constexpr const char* kSize = " maxelem 262144";

struct FamilyName {
  net::Family family;
  char digit;
  const char* name;
};
constexpr FamilyName kFamilies[] = {{net::Family::kIPv4, '4', "inet"}, {net::Family::kIPv6, '6', "inet6"}};

/// A file in memory as the child's standard stream: nobody has to feed or drain a pipe.
Result<UniqueFd> memory_file(const std::string& content) {
  UniqueFd fd(::memfd_create("dvpn-ipset", MFD_CLOEXEC));
  if (!fd) return fail_errno("memfd_create", errno);
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(fd.get(), content.data() + written, content.size() - written);
    if (n <= 0) return fail_errno("writing ipset's input", errno);
    written += static_cast<std::size_t>(n);
  }
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string start_of(int fd) {
  char buffer[512];
  const ssize_t n = ::pread(fd, buffer, sizeof buffer, 0);
  std::string content(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  std::ranges::replace(content, '\n', ' ');
  return content;
}

/// Starts ipset with the two files as its input and its output. Returns its process.
Result<pid_t> spawn_ipset(std::vector<std::string> arguments, int input, int output) {
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
  char* environment[] = {path, nullptr};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, "/usr/sbin/ipset", &actions, &attributes, argv.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno("starting /usr/sbin/ipset", error);
  return child;
}

/// What `ipset ARGUMENTS` said, and whether it succeeded.
struct Outcome {
  bool ok;
  std::string output;
};

net::Task<Result<Outcome>> run(std::vector<std::string> arguments, std::string input_text) {
  const auto executor = co_await net::asio::this_coro::executor;
  const auto input = memory_file(input_text);
  const auto output = memory_file("");
  if (!input || !output) co_return fail(ErrorKind::kSystem, "no memory for ipset's input");
  const auto child = spawn_ipset(std::move(arguments), input->get(), output->get());
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
  if (unwatched) co_return fail(ErrorKind::kSystem, text("ipset cannot be waited for: ", unwatched.message()));
  co_return Outcome{WIFEXITED(status) && WEXITSTATUS(status) == 0, start_of(output->get())};
}

}  // namespace

std::string set_commands(const std::string& name, std::span<const net::Prefix> prefixes,
                         std::span<const net::Prefix> networks) {
  std::string commands;
  for (const FamilyName& family : kFamilies) {
    const std::string live = name + family.digit;
    const std::string fresh = text(live, "-", ::getpid());
    commands += text("create ", live, kCreate, family.name, kSize, '\n');  // -exist: no error, nothing changed
    // As large from the start as it is to be: growing takes longer than filling.
    const auto size = static_cast<std::size_t>(std::ranges::count(prefixes, family.family, &net::Prefix::family));
    commands += text("create ", fresh, kCreate, family.name, kSize, " hashsize ", std::bit_ceil(std::max(size / 2, kSmallest)), "\nflush ",
                     fresh, '\n');
    for (const net::Prefix& network : networks)
      if (network.family() == family.family) commands += text("add ", fresh, ' ', network.to_string(), " nomatch\n");
    for (const net::Prefix& prefix : prefixes)
      if (prefix.family() == family.family) commands += text("add ", fresh, ' ', prefix.to_string(), '\n');
    commands += text("swap ", fresh, ' ', live, "\ndestroy ", fresh, '\n');
  }
  return commands;
}

std::string removal_commands(const std::string& name, std::span<const net::Prefix> prefixes) {
  std::string commands;
  for (const net::Prefix& prefix : prefixes)
    commands += text("del ", name, prefix.family() == net::Family::kIPv4 ? '4' : '6', ' ', prefix.to_string(), '\n');
  return commands;
}

net::Task<Result<bool>> run_ipset(std::string name, std::string commands) {
  const std::string live = name + "4";
  std::vector<std::string> list = {"ipset", "-terse", "list", live};
  auto listing = run(std::move(list), "");
  const auto present = co_await std::move(listing);
  if (!present) co_return std::unexpected(present.error());
  if (!present->ok) co_return false;
  std::vector<std::string> restore = {"ipset", "-exist", "restore"};
  auto restoring = run(std::move(restore), std::move(commands));
  const auto restored = co_await std::move(restoring);
  if (!restored) co_return std::unexpected(restored.error());
  if (!restored->ok) co_return fail(ErrorKind::kSystem, text("ipset: ", restored->output));
  co_return true;
}

std::optional<unsigned> references(std::string_view listing) {
  constexpr std::string_view kField = "References: ";
  const std::size_t at = listing.find(kField);
  if (at == std::string_view::npos) return std::nullopt;
  listing.remove_prefix(at + kField.size());
  const auto count = parse_unsigned(listing.substr(0, listing.find_first_not_of("0123456789")), 1'000'000);
  return count ? std::optional(static_cast<unsigned>(*count)) : std::nullopt;
}

net::Task<RulesState> find_rules(std::string name) {
  for (const FamilyName& family : kFamilies) {
    std::vector<std::string> list = {"ipset", "-terse", "list", name + family.digit};
    auto listing = run(std::move(list), "");
    const auto set = co_await std::move(listing);
    if (!set) co_return RulesState::kUnknown;
    if (!set->ok) co_return set->output.find("does not exist") != std::string::npos ? RulesState::kAbsent : RulesState::kUnknown;
    if (references(set->output).value_or(0) == 0) co_return RulesState::kAbsent;
  }
  co_return RulesState::kInPlace;
}

}  // namespace dvpn::intercept
