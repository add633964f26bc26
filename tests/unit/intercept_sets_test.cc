// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/address_sets.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace dvpn::intercept {
namespace {

TEST(AddressSets, AreFilledBesideAndSwappedIn) {
  const std::array prefixes = {*net::Prefix::parse("10.0.32.0/24"), *net::Prefix::parse("fd00:32::/64")};
  const std::array networks = {*net::Prefix::parse("10.0.31.0/24")};
  const std::string pid = std::to_string(::getpid());
  EXPECT_EQ(set_commands("dvpn", prefixes, networks),
            "create dvpn4 hash:net family inet maxelem 262144\n"
            "create dvpn4-" + pid + " hash:net family inet maxelem 262144 hashsize 1024\nflush dvpn4-" + pid + "\n"
            "add dvpn4-" + pid + " 10.0.31.0/24 nomatch\n"
            "add dvpn4-" + pid + " 10.0.32.0/24\n"
            "swap dvpn4-" + pid + " dvpn4\ndestroy dvpn4-" + pid + "\n"
            "create dvpn6 hash:net family inet6 maxelem 262144\n"
            "create dvpn6-" + pid + " hash:net family inet6 maxelem 262144 hashsize 1024\nflush dvpn6-" + pid + "\n"
            "add dvpn6-" + pid + " fd00:32::/64\n"
            "swap dvpn6-" + pid + " dvpn6\ndestroy dvpn6-" + pid + "\n");
  EXPECT_EQ(removal_commands("dvpn", prefixes), "del dvpn4 10.0.32.0/24\ndel dvpn6 fd00:32::/64\n");
}

TEST(SetReferences, AreWhatIpsetSays) {
  EXPECT_EQ(references("Name: dvpn4\nType: hash:net\nReferences: 5\nNumber of entries: 3\n"), 5u);
  EXPECT_EQ(references("Name: dvpn4 References: 0 "), 0u);
  EXPECT_EQ(references("ipset v7.17: The set with the given name does not exist"), std::nullopt);
  EXPECT_EQ(references("References: x"), std::nullopt);
}

}  // namespace
}  // namespace dvpn::intercept
