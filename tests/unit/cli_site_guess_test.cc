// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine's interfaces and routes are taken for, and what its sshd says.
#include <gtest/gtest.h>

#include "cli/site_probe.h"

namespace dvpn::cli {
namespace {

Interface interface(const std::string& name, const std::vector<std::pair<const char*, unsigned>>& addresses, bool up = true) {
  Interface out{.name = name, .up = up, .addresses = {}};
  for (const auto& [address, length] : addresses)
    out.addresses.push_back({*net::Address::parse(address), net::Prefix::around(*net::Address::parse(address), length)});
  return out;
}

Machine firewall() {
  return {.host_name = "thursday",
          .interfaces = {interface("eth0", {{"2001:db8::7", 64}, {"203.0.113.7", 24}}), interface("eth1", {{"10.0.32.1", 24}, {"fd00:32::1", 64}}),
                         interface("docker0", {{"172.17.0.1", 16}}), interface("wg0", {{"10.9.0.1", 24}}), interface("eth2", {{"192.168.7.1", 24}}, false)},
          .default_routes = {"eth0"}};
}

std::string words(const std::vector<net::Prefix>& networks) {
  std::string out;
  for (const net::Prefix& network : networks) out += network.to_string() + ' ';
  return out;
}

TEST(SiteGuess, AFirewall) {
  const Guess guess = guess_site(firewall(), {});
  EXPECT_EQ(words(guess.networks), "10.0.32.0/24 fd00:32::/64 ");
  EXPECT_EQ(guess.lan, std::vector<std::string>{"eth1"});
  EXPECT_EQ(guess.wan, std::vector<std::string>{"eth0"});
  EXPECT_EQ(guess.public_address->to_string(), "203.0.113.7");
}

TEST(SiteGuess, ALaptopBehindARouterHasNoLan) {
  const Guess guess = guess_site({.host_name = "laptop", .interfaces = {interface("wlan0", {{"192.168.1.7", 24}})}, .default_routes = {"wlan0"}}, {});
  EXPECT_EQ(words(guess.networks), "");
  EXPECT_TRUE(guess.lan.empty());
  EXPECT_EQ(guess.wan, std::vector<std::string>{"wlan0"});
  EXPECT_FALSE(guess.public_address);
}

TEST(SiteGuess, WhatWasSaidIsNotGuessed) {
  const Guess named = guess_site(firewall(), {.networks = {}, .lan = std::vector<std::string>{"docker0"}, .wan = {"eth2"}});
  EXPECT_EQ(words(named.networks), "172.17.0.0/16 ");
  EXPECT_EQ(named.lan, std::vector<std::string>{"docker0"});
  EXPECT_EQ(named.wan, std::vector<std::string>{"eth2"});
  const Guess network = guess_site(firewall(), {.networks = {*net::Prefix::parse("10.0.0.0/8")}});
  EXPECT_EQ(words(network.networks), "10.0.0.0/8 ");
  EXPECT_EQ(network.lan, std::vector<std::string>{"eth1"});
  EXPECT_TRUE(guess_site(firewall(), {.networks = {}, .lan = std::vector<std::string>(), .wan = {}}).lan.empty());
}

TEST(SiteGuess, ABlockInAnotherIsOneNetwork) {
  Machine machine = firewall();
  machine.interfaces.push_back(interface("eth3", {{"10.0.32.129", 25}, {"10.0.35.1", 32}}));
  EXPECT_EQ(words(guess_site(machine, {}).networks), "10.0.32.0/24 fd00:32::/64 ");
}

TEST(SiteGuess, DefaultRoutesAreFoundInTheKernelsTexts) {
  EXPECT_EQ(default_routes("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
                           "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
                           "eth1\t0020000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
                           "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     ppp0\n"
                           "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
                           "fd000032000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth1\n"),
            (std::vector<std::string>{"eth0", "ppp0"}));
  EXPECT_TRUE(default_routes("", "nonsense\n\n").empty());
}

TEST(SiteGuess, SshdSaysItsPortsAndKeys) {
  const Sshd sshd = parse_sshd("port 22\nport 2222\naddressfamily any\nhostkey /etc/ssh/a\nhostkey /etc/ssh/b\nportx 7\n");
  EXPECT_EQ(sshd.ports, (std::vector<net::Port>{22, 2222}));
  EXPECT_EQ(sshd.host_key_files, (std::vector<std::string>{"/etc/ssh/a", "/etc/ssh/b"}));
}

}  // namespace
}  // namespace dvpn::cli
