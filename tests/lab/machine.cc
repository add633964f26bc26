// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fixture.h"

namespace dvpn::lab {

Machine::Machine()
    : process_({"unshare", "-m", "bash", "-c",
                "mount -t tmpfs none /mnt && mkdir /mnt/etc && tar -C /etc --exclude=./netns -cf - . | tar -C /mnt/etc -xf - && mount --bind /mnt/etc /etc && "
                "mount -t tmpfs -o mode=755 none /run && mount -t tmpfs -o mode=755 none /var/lib && "
                "rm -rf /etc/dvpn /etc/ssh/sshd_config.d/* && mkdir -p /etc/dnsmasq.d && "
                "sed -i '/^dvpn/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow && "
                "printf 'Include /etc/ssh/sshd_config.d/*.conf\\nUsePAM yes\\n' >/etc/ssh/sshd_config && "
                "echo ready && exec tail -f /dev/null"}) {
  // Before it is ready its /etc is this machine's own: nothing may be run in it then.
  if (!process_.wait_for_output("ready")) throw std::runtime_error("no machine to try this on: " + process_.err());
}

Result Machine::run(const std::string& command) const {
  return run_here("nsenter -t " + std::to_string(process_.pid()) + " -m bash -s <<'END_OF_COMMAND'\n" + command + "\nEND_OF_COMMAND");
}

void Machine::must(const std::string& command) const {
  const Result result = run(command);
  EXPECT_EQ(result.exit, 0) << command << '\n' << result.err;
}

std::string Machine::everything() const {
  return run("cd /; find etc run var/lib ! -name '*-' ! -name .pwd.lock ! -path run/sshd -printf '%p %u %g %m %l\\n' | sort; "
             "find etc/passwd etc/shadow etc/group etc/gshadow etc/ssh etc/dvpn etc/dnsmasq.d var/lib -type f 2>/dev/null | sort | xargs md5sum").out;
}

}  // namespace dvpn::lab
