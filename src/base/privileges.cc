// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/text.h"

namespace dvpn {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

using Mask = std::uint64_t;

Mask mask_of(std::initializer_list<int> capabilities) {
  Mask mask = 0;
  for (const int capability : capabilities) mask |= Mask{1} << capability;
  return mask;
}

/// capget(2) and capset(2) have no glibc wrapper.
Result<Mask> permitted_capabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno("capget", errno);
  return Mask{data[0].permitted} | Mask{data[1].permitted} << 32;
}

Status set_capabilities(Mask mask) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int half = 0; half < 2; ++half) {
    const auto bits = static_cast<std::uint32_t>(mask >> (32 * half));
    data[half] = {bits, bits, bits};
  }
  if (::syscall(SYS_capset, &header, data) != 0) return fail_errno("capset", errno);
  return {};
}

/// EINVAL marks the first number that this kernel does not know: the end of the list.
Status close_bounding_set(Mask keep) {
  for (int capability = 0; capability < 64; ++capability) {
    if (keep >> capability & 1) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;
    return fail_errno("closing the capability bounding set", errno);
  }
  return {};
}

Status raise_ambient(Mask mask) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    if ((mask >> capability & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
      return fail_errno("raising an ambient capability", errno);
  }
  return {};
}

}  // namespace

Result<Account> find_account(const std::string& name) {
  const File file(std::fopen("/etc/passwd", "re"));
  if (!file) return fail_errno("/etc/passwd", errno);
  while (const passwd* entry = ::fgetpwent(file.get()))
    if (name == entry->pw_name) return Account{name, entry->pw_uid, entry->pw_gid};
  return fail(ErrorKind::kConfiguration, text("there is no account '", name, "' in /etc/passwd"));
}

Result<gid_t> find_group(const std::string& name) {
  const File file(std::fopen("/etc/group", "re"));
  if (!file) return fail_errno("/etc/group", errno);
  while (const group* entry = ::fgetgrent(file.get()))
    if (name == entry->gr_name) return entry->gr_gid;
  return fail(ErrorKind::kConfiguration, text("there is no group '", name, "' in /etc/group"));
}

Status become(const Account& account, const std::vector<gid_t>& groups, std::initializer_list<int> capabilities) {
  const Mask mask = mask_of(capabilities);
  if (const Status closed = close_bounding_set(mask); !closed) return closed;
  if (::setgroups(groups.size(), groups.data()) != 0) return fail_errno("setgroups", errno);
  if (::setresgid(account.gid, account.gid, account.gid) != 0) return fail_errno("setresgid", errno);
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_KEEPCAPS", errno);
  if (::setresuid(account.uid, account.uid, account.uid) != 0) return fail_errno("setresuid", errno);
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return fail_errno("PR_SET_KEEPCAPS", errno);
  if (const Status set = set_capabilities(mask); !set) return set;
  return raise_ambient(mask);
}

Status keep_only_capabilities(std::initializer_list<int> capabilities) {
  const Result<Mask> held = permitted_capabilities();
  if (!held) return std::unexpected(held.error());
  const Mask mask = *held & mask_of(capabilities);
  if (*held >> CAP_SETPCAP & 1)
    if (const Status closed = close_bounding_set(mask); !closed) return closed;
  if (const Status set = set_capabilities(mask); !set) return set;
  return raise_ambient(mask);
}

Status set_effect(int capability, Effect effect) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno("capget", errno);
  auto& half = data[capability / 32];
  const std::uint32_t bit = std::uint32_t{1} << (capability % 32);
  half.effective = effect == Effect::kOn ? half.effective | bit : half.effective & ~bit;
  if (::syscall(SYS_capset, &header, data) != 0) return fail_errno("capset", errno);
  return {};
}

Status forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("PR_SET_NO_NEW_PRIVS", errno);
  return {};
}

}  // namespace dvpn
