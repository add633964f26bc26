// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/unique_fd.h"

namespace dvpn::relay {

namespace {

/// What a kernel of that version of the interface can forbid, of what our headers know (landlock(7)).
std::uint64_t forbidden(long version) {
  std::uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // the first version's
  if (version >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
#ifdef LANDLOCK_ACCESS_FS_TRUNCATE
  if (version >= 3) rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
#endif
  return rights;
}

}  // namespace

Result<bool> forbid_files() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM)) return false;  // (EPERM: a container's filter)
  if (version < 0) return fail_errno("landlock", errno);
  landlock_ruleset_attr rules{};
  rules.handled_access_fs = forbidden(version);  // and no rule that allows any of it
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (!ruleset) return fail_errno("landlock_create_ruleset", errno);
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return fail_errno("landlock_restrict_self", errno);
  return true;
}

}  // namespace dvpn::relay
