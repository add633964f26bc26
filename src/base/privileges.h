// SPDX-License-Identifier: GPL-2.0-or-later
// Giving up privileges for good (capabilities(7), prctl(2)). Each call either did all that it says or returns
// an error; a caller that gets one must not go on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/error.h"

namespace dvpn {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  bool operator==(const Account&) const = default;
};

/// Looks in /etc/passwd alone (a static program cannot use NSS): kConfiguration when there is no such account.
Result<Account> find_account(const std::string& name);

/// Looks in /etc/group alone: kConfiguration when there is no such group.
Result<gid_t> find_group(const std::string& name);

/// Changes all user and group ids of the process to the account's, with `groups` as the supplementary groups,
/// keeping exactly `capabilities` (CAP_… numbers) as permitted, effective, inheritable and ambient. Needs root;
/// call it before a second thread exists.
Status become(const Account& account, const std::vector<gid_t>& groups, std::initializer_list<int> capabilities);

/// Keeps at most `capabilities` of what the process holds now and closes the bounding set for all others. Works
/// without root too, for what systemd already reduced (the bounding set then stays as it was given).
Status keep_only_capabilities(std::initializer_list<int> capabilities);

/// Whether a capability that the process may use is in effect (of the effective set; it stays permitted).
enum class Effect { kOn, kOff };
Status set_effect(int capability, Effect effect);

/// No program that is started from here on can gain privileges (PR_SET_NO_NEW_PRIVS).
Status forbid_new_privileges();

}  // namespace dvpn
