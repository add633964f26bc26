// SPDX-License-Identifier: GPL-2.0-or-later
#include "intercept/routing_stop.h"

#include <gtest/gtest.h>

#include <array>

namespace dvpn::intercept {
namespace {

const std::array kPrefixes = {*net::Prefix::parse("10.0.0.0/8"), *net::Prefix::parse("10.0.32.1"), *net::Prefix::parse("fd00:32::/64")};
const std::array kNetworks = {*net::Prefix::parse("10.0.31.0/24"), *net::Prefix::parse("fd00:31::/64")};

TEST(RoutingStop, IsNotMadeWhereItIsNotInUse) {
  EXPECT_EQ(stop_commands("", net::Family::kIPv4, kPrefixes, kNetworks), std::nullopt);
  EXPECT_EQ(stop_commands("Error: ipv4: FIB table does not exist.\nDump terminated\n", net::Family::kIPv4, kPrefixes, kNetworks), std::nullopt);
}

TEST(RoutingStop, IsFilledByFamily) {
  EXPECT_EQ(stop_commands("throw default proto 79 \n", net::Family::kIPv4, kPrefixes, kNetworks),
            "route replace prohibit 10.0.0.0/8 table 7981 proto 79\n"
            "route replace throw 10.0.31.0/24 table 7981 proto 79\n"
            "route replace prohibit 10.0.32.1/32 table 7981 proto 79\n");
  EXPECT_EQ(stop_commands("throw default dev lo proto 79 metric 1024 pref medium\n", net::Family::kIPv6, kPrefixes, kNetworks),
            "route replace throw fd00:31::/64 table 7981 proto 79\nroute replace prohibit fd00:32::/64 table 7981 proto 79\n");
}

TEST(RoutingStop, WhatIsAsItShouldBeIsLeftAlone) {
  EXPECT_EQ(stop_commands("throw default proto 79 \nprohibit 10.0.0.0/8 proto 79 \nthrow 10.0.31.0/24 proto 79 \nprohibit 10.0.32.1 proto 79 \n",
                          net::Family::kIPv4, kPrefixes, kNetworks), "");
}

TEST(RoutingStop, WhatIsNewComesBeforeWhatIsGoneGoes) {
  EXPECT_EQ(stop_commands("throw default proto 79\nprohibit 10.0.0.0/8 proto 79\nprohibit 10.0.31.0/24 proto 79\nprohibit 10.0.9.0/24 proto 79",
                          net::Family::kIPv4, kPrefixes, kNetworks),
            "route replace throw 10.0.31.0/24 table 7981 proto 79\n"
            "route replace prohibit 10.0.32.1/32 table 7981 proto 79\n"
            "route del prohibit 10.0.9.0/24 table 7981 proto 79\n");
}

TEST(RoutingStop, RoutesOfOthersAreNotTouched) {
  EXPECT_EQ(stop_commands("throw default proto 79\nprohibit 10.0.9.0/24 proto static\n10.0.8.0/24 dev lo proto 79\n\nprohibit\nprohibit x proto 79\n",
                          net::Family::kIPv4, {}, {}), "");
}

TEST(RoutingStop, ANetworkThatIsAPrefixAsWellIsTheSitesOwn) {
  EXPECT_EQ(stop_commands("throw default proto 79\n", net::Family::kIPv4, kNetworks, kNetworks), "route replace throw 10.0.31.0/24 table 7981 proto 79\n");
}

}  // namespace
}  // namespace dvpn::intercept
