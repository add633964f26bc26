// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/rules_dump.h"

#include <gtest/gtest.h>

namespace dvpn::config {
namespace {

net::Prefix prefix(const char* word) { return *net::Prefix::parse(word); }

TEST(RulesDump, IsOneKeyAndValueALineInAFixedOrder) {
  DaemonConfig config;
  config.site.networks = {prefix("10.0.31.0/24"), prefix("fd00:31::/64")};
  config.site.lan = {"lan0", "lan1"};
  config.site.wan = {"wan0"};
  config.rules.sshd_ports = {22, 2222};
  config.rules.masquerade = true;
  EXPECT_EQ(dump_rules(config, {prefix("fd00:32::/64"), prefix("10.0.40.0/22"), prefix("10.0.32.0/24"),
                                prefix("10.0.31.128/25"), prefix("10.0.31.0/24"), prefix("10.0.32.0/24"),
                                prefix("10.0.0.0/16")}),
            "dvpn-rules 1\n"
            "role router\n"
            "port 9040\n"
            "gate hold\n"
            "queue 9040\n"
            "datagram-queue 9041\n"
            "ping-queue 9042\n"
            "new-per-client 4000\n"
            "mark 0x0f000000\n"
            "set dvpn\n"
            "lan lan0\n"
            "lan lan1\n"
            "wan wan0\n"
            "sshd-port 22\n"
            "sshd-port 2222\n"
            "masquerade yes\n"
            "reject-smb no\n"
            "daemon-account dvpnd\n"
            "relay-account dvpn-relay\n"
            "peers-group dvpn-peers\n"
            "network 10.0.31.0/24\n"
            "network fd00:31::/64\n"
            "prefix 10.0.0.0/16\n"
            "prefix 10.0.32.0/24\n"
            "prefix 10.0.40.0/22\n"
            "prefix fd00:32::/64\n");
}

TEST(RulesDump, ALeafWithoutAnAccount) {
  DaemonConfig config;
  config.rules.role = Role::kLeaf;
  config.daemon.user.clear();
  config.intercept.gate = Gate::kAcceptFirst;
  config.rules.mark = 0xf0;
  const std::string dump = dump_rules(config, {});
  EXPECT_NE(dump.find("\nrole leaf\n"), std::string::npos);
  EXPECT_NE(dump.find("\ndaemon-account -\n"), std::string::npos);
  EXPECT_NE(dump.find("\ngate accept-first\n"), std::string::npos);
  EXPECT_NE(dump.find("\nmark 0x000000f0\n"), std::string::npos);
}

}  // namespace
}  // namespace dvpn::config
