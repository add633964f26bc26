// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sshd_sessions.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::cli {

namespace {

using Clock = std::chrono::steady_clock;

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link(const std::string& path) {
  std::error_code error;
  return std::filesystem::read_symlink(path, error).string();
}

struct Process {
  std::string name;
  pid_t parent = 0;
  uid_t uid = 0;  // real and effective; another if they differ
};

std::optional<Process> process(pid_t pid) {
  std::istringstream status(read(text("/proc/", pid, "/status")));
  Process out;
  bool whole = false;
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Name:") words >> out.name;
    if (key == "PPid:") words >> out.parent;
    uid_t real = 0, effective = 0;
    if (key != "Uid:" || !(words >> real >> effective)) continue;
    out.uid = real == effective ? real : static_cast<uid_t>(-1);
    whole = true;
  }
  return whole ? std::optional(out) : std::nullopt;
}

bool is_sshd(const Process& process) { return process.name == "sshd" || process.name.starts_with("sshd-session"); }

/// "sshd: ACCOUNT [priv]"; since OpenSSH 9.8 it begins with "sshd-session".
bool watches(pid_t pid, const std::string& account) {
  const std::string title = read(text("/proc/", pid, "/cmdline"));
  return title.starts_with("sshd") && title.find(text(": ", account, " [priv]")) != std::string::npos;
}

UniqueFd open_process(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::vector<std::string> socket_inodes(pid_t pid) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(text("/proc/", pid, "/fd"), error)) {
    const std::string target = link(entry.path().string());
    constexpr std::string_view kBefore = "socket:[";
    if (target.starts_with(kBefore)) out.push_back(target.substr(kBefore.size(), target.size() - kBefore.size() - 1));
  }
  return out;
}

/// Where the one that watches has its connection from; the account's process may have others, to targets.
std::optional<net::Address> origin(pid_t pid) {
  const std::vector<std::string> inodes = socket_inodes(pid);
  for (const char* table : {"tcp", "tcp6"})
    for (const net::Address& address : remote_addresses(read(text("/proc/", pid, "/net/", table)), inodes)) return address;
  return std::nullopt;
}

/// "0100007F:1F90", with the address in words of the machine's own order.
std::optional<net::Address> parse_hex_address(const std::string& word) {
  const std::size_t digits = word.find(':');
  if (digits != 8 && digits != 32) return std::nullopt;
  std::string bytes;
  for (std::size_t at = 0; at < digits; at += 8) {
    std::uint32_t part = 0;
    std::istringstream(word.substr(at, 8)) >> std::hex >> part;
    char raw[sizeof part];
    std::memcpy(raw, &part, sizeof part);
    bytes.append(raw, sizeof part);
  }
  return net::Address::from_bytes(bytes);
}

}  // namespace

std::vector<net::Address> remote_addresses(const std::string& table, const std::vector<std::string>& inodes) {
  std::vector<net::Address> out;
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);  // the head
  while (std::getline(lines, line)) {
    std::istringstream stream(line);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    constexpr std::size_t kRemote = 2, kInode = 9;
    if (words.size() <= kInode || std::ranges::find(inodes, words[kInode]) == inodes.end()) continue;
    if (const auto address = parse_hex_address(words[kRemote])) out.push_back(*address);
  }
  return out;
}

std::vector<SshdSession> sshd_sessions(const std::string& account, uid_t uid) {
  std::map<pid_t, SshdSession> found;
  const std::string here = link("/proc/self/ns/net");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto number = parse_unsigned(entry.path().filename().string(), INT32_MAX);
    if (!number) continue;
    const auto pid = static_cast<pid_t>(*number);
    UniqueFd handle = open_process(pid);  // before it is looked at: what is seen is what will be ended
    const auto seen = process(pid);
    if (!handle || !seen || !is_sshd(*seen) || link(text("/proc/", pid, "/ns/net")) != here) continue;
    const bool root_watches = seen->uid == 0 && watches(pid, account);
    const auto parent = seen->uid == uid && uid != 0 ? process(seen->parent) : std::nullopt;
    const bool is_child = parent && parent->uid == 0 && is_sshd(*parent);
    if (root_watches) found[pid].processes.push_back(std::move(handle));
    if (is_child) found[seen->parent].processes.push_back(std::move(handle));
  }
  std::vector<SshdSession> out;
  for (auto& [pid, session] : found) {
    session.pid = pid;
    session.from = origin(pid);
    out.push_back(std::move(session));
  }
  return out;
}

bool end_sessions(const std::vector<SshdSession>& sessions, std::chrono::milliseconds within) {
  const auto begun = Clock::now();
  const auto signal_all = [&](int number) {
    for (const SshdSession& session : sessions)
      for (const UniqueFd& process : session.processes) ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0);
  };
  const auto all_ended_by = [&](Clock::time_point deadline) {
    for (const SshdSession& session : sessions)
      for (const UniqueFd& process : session.processes) {
        pollfd waiting{.fd = process.get(), .events = POLLIN, .revents = 0};
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) != 1) return false;
      }
    return true;
  };
  signal_all(SIGTERM);
  if (all_ended_by(begun + within / 2)) return true;
  signal_all(SIGKILL);
  return all_ended_by(begun + within);
}

}  // namespace dvpn::cli
