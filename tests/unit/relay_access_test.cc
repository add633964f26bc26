// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay/access_list.h"

#include <gtest/gtest.h>

namespace dvpn::relay {
namespace {

constexpr uid_t kAnyone = 1000;

constexpr config::Protocol kTcp = config::Protocol::kTcp;

net::Endpoint at(const char* address, net::Port port = 80) { return {*net::Address::parse(address), port}; }

std::vector<net::Prefix> prefixes(std::initializer_list<const char*> words) {
  std::vector<net::Prefix> out;
  for (const char* word : words) out.push_back(*net::Prefix::parse(word));
  return out;
}

/// Everyone may reach `words`; 203.0.113.7, 10.0.99.1 and 2001:db8::7 are the gateway's WAN addresses.
AccessList everyone(std::initializer_list<const char*> words) {
  return AccessList({{std::nullopt, prefixes(words), {}}},
                    {*net::Address::parse("203.0.113.7"), *net::Address::parse("10.0.99.1"),
                     *net::Address::parse("2001:db8::7"), *net::Address::parse("127.0.0.1")});
}

TEST(AccessList, EmptyAllowsNothing) { EXPECT_FALSE(AccessList().allows(0, {kTcp, at("10.0.32.5"), {}})); }

TEST(AccessList, AllowsWhatIsListedAndNoMore) {
  const AccessList list = everyone({"10.0.32.0/24", "fd00:32::/64"});
  for (const char* yes : {"10.0.32.0", "10.0.32.5", "10.0.32.255", "fd00:32::1", "fd00:32::ffff:ffff:ffff:ffff"})
    EXPECT_TRUE(list.allows(kAnyone, {kTcp, at(yes), {}})) << yes;
  for (const char* no : {"10.0.31.255", "10.0.33.0", "fd00:33::1", "8.8.8.8", "fd00:32:0:1::"})
    EXPECT_FALSE(list.allows(kAnyone, {kTcp, at(no), {}})) << no;
}

struct Special {
  const char* address;
  const char* range;  ///< a prefix wholly inside the special range that lists it
  const char* wider;  ///< one that merely covers it
};

class SpecialRange : public testing::TestWithParam<Special> {};

TEST_P(SpecialRange, IsNotListedByWhatMerelyCoversIt) {
  const Special& special = GetParam();
  EXPECT_FALSE(everyone({special.wider}).allows(kAnyone, {kTcp, at(special.address), {}}));
  EXPECT_FALSE(everyone({"0.0.0.0/0", "::/0"}).allows(kAnyone, {kTcp, at(special.address), {}}));
  EXPECT_TRUE(everyone({special.range}).allows(kAnyone, {kTcp, at(special.address), {}}));
}

INSTANTIATE_TEST_SUITE_P(
    All, SpecialRange,
    testing::Values(Special{"0.0.0.0", "0.0.0.0/32", "0.0.0.0/7"}, Special{"0.1.2.3", "0.0.0.0/8", "0.0.0.0/1"},
                    Special{"127.8.8.8", "127.0.0.0/8", "126.0.0.0/7"}, Special{"127.255.255.255", "127.255.0.0/16", "64.0.0.0/2"},
                    Special{"169.254.1.1", "169.254.0.0/16", "169.254.0.0/15"},
                    Special{"224.0.0.1", "224.0.0.0/4", "192.0.0.0/2"}, Special{"239.255.255.255", "239.0.0.0/8", "128.0.0.0/1"},
                    Special{"255.255.255.255", "255.255.255.255/32", "255.255.255.0/24"},
                    Special{"::", "::/128", "::/127"}, Special{"::1", "::1/128", "::/64"},
                    Special{"fe80::1", "fe80::/10", "fe00::/9"}, Special{"febf::1", "febf::/16", "f000::/4"},
                    Special{"ff02::1", "ff02::/16", "fe00::/7"}));

TEST(AccessList, SeesThroughMappedAddresses) {
  EXPECT_FALSE(everyone({"::/0"}).allows(kAnyone, {kTcp, at("::ffff:127.0.0.1"), {}}));
  EXPECT_FALSE(everyone({"::/0"}).allows(kAnyone, {kTcp, at("::ffff:10.0.32.5"), {}}));
  EXPECT_TRUE(everyone({"10.0.32.0/24"}).allows(kAnyone, {kTcp, at("::ffff:10.0.32.5"), {}}));
}

TEST(AccessList, ListsAWanAddressOnlyByItself) {
  EXPECT_FALSE(everyone({"203.0.113.0/24", "10.0.0.0/8"}).allows(kAnyone, {kTcp, at("203.0.113.7"), {}}));
  EXPECT_FALSE(everyone({"203.0.113.0/24", "10.0.0.0/8"}).allows(kAnyone, {kTcp, at("10.0.99.1"), {}}));
  EXPECT_FALSE(everyone({"2001:db8::/64"}).allows(kAnyone, {kTcp, at("2001:db8::7"), {}}));
  EXPECT_TRUE(everyone({"203.0.113.0/24"}).allows(kAnyone, {kTcp, at("203.0.113.8"), {}}));
  EXPECT_TRUE(everyone({"203.0.113.7"}).allows(kAnyone, {kTcp, at("203.0.113.7"), {}}));
  EXPECT_TRUE(everyone({"2001:db8::7"}).allows(kAnyone, {kTcp, at("2001:db8::7"), {}}));
  EXPECT_FALSE(everyone({"127.0.0.0/8"}).allows(kAnyone, {kTcp, at("127.0.0.1"), {}})) << "both rules hold";
  EXPECT_TRUE(everyone({"127.0.0.1"}).allows(kAnyone, {kTcp, at("127.0.0.1"), {}}));
}

TEST(AccessList, GoesByAccountAndPort) {
  const AccessList list({{1001, prefixes({"10.0.32.0/24"}), {{22, 22}, {8000, 8100}}},
                         {1001, prefixes({"10.0.40.1"}), {}},
                         {std::nullopt, prefixes({"10.0.32.9"}), {{53, 53}}}},
                        {});
  constexpr net::Port kListed[] = {22, 8000, 8050, 8100};
  constexpr net::Port kOthers[] = {21, 23, 7999, 8101, 53};
  for (const net::Port yes : kListed) EXPECT_TRUE(list.allows(1001, {kTcp, at("10.0.32.5", yes), {}})) << yes;
  for (const net::Port no : kOthers) EXPECT_FALSE(list.allows(1001, {kTcp, at("10.0.32.5", no), {}})) << no;
  EXPECT_TRUE(list.allows(1001, {kTcp, at("10.0.40.1", 65535), {}}));
  EXPECT_TRUE(list.allows(1001, {kTcp, at("10.0.32.9", 53), {}})) << "rules add up";
  EXPECT_TRUE(list.allows(1002, {kTcp, at("10.0.32.9", 53), {}}));
  EXPECT_FALSE(list.allows(1002, {kTcp, at("10.0.32.9", 22), {}}));
  EXPECT_FALSE(list.allows(1002, {kTcp, at("10.0.40.1"), {}}));
}

TEST(AccessList, GoesByProtocolAndAPingHasNoPort) {
  using config::Protocol;
  const AccessList list({{1001, prefixes({"10.0.32.0/24"}), {{53, 53}}, {Protocol::kUdp, Protocol::kPing}},
                         {1001, prefixes({"10.0.40.1"}), {}, {}},
                         {1001, prefixes({"10.0.40.2"}), {{80, 80}}, {}},
                         {1002, prefixes({"10.0.32.0/24"}), {}, {Protocol::kTcp}}},
                        {});
  EXPECT_TRUE(list.allows(1001, {Protocol::kUdp, at("10.0.32.5", 53), {}}));
  EXPECT_FALSE(list.allows(1001, {Protocol::kUdp, at("10.0.32.5", 54), {}}));
  EXPECT_FALSE(list.allows(1001, {Protocol::kTcp, at("10.0.32.5", 53), {}}));
  EXPECT_TRUE(list.allows(1001, {Protocol::kPing, at("10.0.32.5", 0), {}}));
  for (const Protocol any : {Protocol::kTcp, Protocol::kUdp, Protocol::kPing}) EXPECT_TRUE(list.allows(1001, {any, at("10.0.40.1"), {}}));
  EXPECT_TRUE(list.allows(1001, {Protocol::kPing, at("10.0.40.2", 0), {}})) << "ports do not take the ping away";
  EXPECT_TRUE(list.allows(1002, {Protocol::kTcp, at("10.0.32.5"), {}}));
  EXPECT_FALSE(list.allows(1002, {Protocol::kUdp, at("10.0.32.5"), {}}));
  EXPECT_FALSE(list.allows(1002, {Protocol::kPing, at("10.0.32.5", 0), {}}));
}

TEST(AccessList, TheFirstRuleThatAllowsSaysWhoseAddressIsSeen) {
  using config::Protocol;
  using config::Source;
  const std::vector<net::Prefix> site = prefixes({"10.0.32.0/24", "fd00:32::/64"});
  const std::vector<net::Prefix> clients = prefixes({"10.0.31.0/24", "fd00:31::/64", "203.0.113.0/24"});
  const AccessList list({{1001, site, {{80, 80}}, {}, Source::kClient, clients},
                         {1001, prefixes({"10.0.32.9"}), {}, {}},
                         {1002, prefixes({"10.0.32.0/24"}), {}, {}},
                         {1002, site, {}, {}, Source::kClient, clients}},
                        {*net::Address::parse("203.0.113.7")});
  const auto allows = [&](uid_t caller, const char* target, net::Port port, std::optional<const char*> client) {
    AccessList::Asked asked{Protocol::kTcp, at(target, port), {}};
    if (client) asked.client = at(*client, 40'000);
    return list.allows(caller, asked);
  };
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, "10.0.31.2"), Source::kClient);
  EXPECT_EQ(allows(1001, "fd00:32::5", 80, "fd00:31::2"), Source::kClient);
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, "10.0.33.2"), std::nullopt);
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, std::nullopt), std::nullopt);
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, "fd00:31::2"), std::nullopt);
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, "203.0.113.8"), Source::kClient);
  EXPECT_EQ(allows(1001, "10.0.32.5", 80, "203.0.113.7"), std::nullopt) << "the gateway's own";
  EXPECT_EQ(allows(1001, "10.0.32.5", 81, "10.0.31.2"), std::nullopt);
  EXPECT_EQ(allows(1001, "10.0.32.9", 80, "10.0.31.2"), Source::kClient);
  EXPECT_EQ(allows(1001, "10.0.32.9", 80, "10.0.33.2"), Source::kGateway) << "the next rule allows it";
  EXPECT_EQ(allows(1002, "10.0.32.5", 80, "10.0.31.2"), Source::kGateway) << "the first rule";
  EXPECT_EQ(allows(1002, "fd00:32::5", 80, "fd00:31::2"), Source::kClient);
  EXPECT_TRUE(list.reaches(1001, Protocol::kTcp, at("10.0.32.5", 80)));
  EXPECT_FALSE(list.reaches(1001, Protocol::kTcp, at("10.0.32.5", 81)));
}

TEST(Settings, ListTheNetworksUnlessThereIsAnAccessList) {
  config::RelayConfig config;
  config.networks = prefixes({"10.0.32.0/24"});
  const std::vector<net::Address> own = {*net::Address::parse("10.0.32.1"), *net::Address::parse("203.0.113.7")};
  const ResolvedSettings resolved = make_settings(config, {}, own);
  EXPECT_EQ(resolved.settings.rules, (std::vector<Rule>{{std::nullopt, config.networks, {}}}));
  EXPECT_EQ(resolved.settings.wan_addresses, std::vector{*net::Address::parse("203.0.113.7")});
  const AccessList list(resolved.settings.rules, resolved.settings.wan_addresses);
  EXPECT_TRUE(list.allows(kAnyone, {kTcp, at("10.0.32.1"), {}})) << "the gateway's own address on the LAN";
}

TEST(Settings, ResolveAccountsAndNameTheUnknown) {
  config::RelayConfig config;
  config.networks = prefixes({"10.0.32.0/24"});
  config.access = {{"dvpn", prefixes({"10.0.32.5"}), {}, {}, config::Source::kClient, prefixes({"10.0.31.0/24"})},
                   {"nobodies", prefixes({"10.0.32.6"}), {}, {}, {}, {}}};
  const ResolvedSettings resolved = make_settings(config, {{1001, "dvpn"}}, {});
  EXPECT_EQ(resolved.settings.rules, (std::vector<Rule>{{1001, prefixes({"10.0.32.5"}), {}, {}, config::Source::kClient, prefixes({"10.0.31.0/24"})}}));
  EXPECT_EQ(resolved.unknown_accounts, std::vector<std::string>{"nobodies"});
  config.access.erase(config.access.begin());
  const ResolvedSettings nobody = make_settings(config, {}, {});
  EXPECT_TRUE(nobody.settings.rules.empty()) << "a list that names only unknown accounts opens nothing";
}

}  // namespace
}  // namespace dvpn::relay
