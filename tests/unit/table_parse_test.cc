// SPDX-License-Identifier: GPL-2.0-or-later
// The table's grammar: what each form of a line means, and that lines without a marker never matter.
#include <gtest/gtest.h>

#include <string>

#include "table/table.h"

namespace dvpn::table {
namespace {

Table parse(std::string_view content, const std::string& expected_text = "") {
  Diagnostics diagnostics("hosts");
  Table table = Table::parse(content, diagnostics);
  EXPECT_EQ(diagnostics.render(), expected_text);
  return table;
}

std::string gateways(const Route& route) {
  std::string out;
  for (const GatewaySpec& gateway : route.gateways) out += (out.empty() ? "" : " ") + gateway.to_string();
  return out;
}

std::string prefixes(const Route& route) {
  std::string out;
  for (const net::Prefix& prefix : route.prefixes) out += (out.empty() ? "" : " ") + prefix.to_string();
  return out;
}

TEST(TableParse, ReadsTheExamplesOfTheManual) {
  const Table table = parse(
      "# address      name [alias...]\n"
      "10.0.32.1      thursday             #!203.0.113.7\n"
      "10.0.33.1      friday friday.vpn    #! gw.friday.example:2222 10.0.33.0/24 10.0.40.0/22\n"
      "fd00:33::1     friday6              #! [2001:db8::7]:22 fd00:33::/64\n"
      "10.0.50.1      weekend              #! a.example,b.example 10.0.50.0/23 choose=weight weights=3,1\n"
      "10.0.33.9      printer.friday       (a plain hosts line: a name, no route)\n");
  ASSERT_EQ(table.routes().size(), 4u);
  const Route& thursday = table.routes()[0];
  EXPECT_EQ(thursday.line, 2u);
  EXPECT_EQ(thursday.address.to_string(), "10.0.32.1");
  EXPECT_EQ(thursday.names.front(), "thursday");
  EXPECT_EQ(gateways(thursday), "203.0.113.7");
  EXPECT_EQ(prefixes(thursday), "10.0.32.0/24");
  EXPECT_TRUE(thursday.default_prefix);
  EXPECT_EQ(thursday.via, Via::kRelay);

  const Route& friday = table.routes()[1];
  EXPECT_EQ(std::vector<std::string>(friday.names.begin(), friday.names.end()),
            (std::vector<std::string>{"friday", "friday.vpn"}));
  EXPECT_EQ(gateways(friday), "gw.friday.example:2222");
  EXPECT_EQ(prefixes(friday), "10.0.33.0/24 10.0.40.0/22");
  EXPECT_FALSE(friday.default_prefix);

  EXPECT_EQ(gateways(table.routes()[2]), "2001:db8::7");
  EXPECT_EQ(prefixes(table.routes()[2]), "fd00:33::/64");

  const Route& weekend = table.routes()[3];
  EXPECT_EQ(gateways(weekend), "a.example b.example");
  EXPECT_EQ(weekend.choose, Choose::kWeight);
  EXPECT_EQ(weekend.weights, (std::vector<std::uint32_t>{3, 1}));
}

TEST(TableParse, ReadsEveryFormOfAGateway) {
  const auto form = [](const std::string& word) {
    return gateways(parse("10.0.32.1 a #!" + word + "\n").routes()[0]);
  };
  EXPECT_EQ(form("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(form("203.0.113.7:22"), "203.0.113.7");
  EXPECT_EQ(form("203.0.113.7:65535"), "203.0.113.7:65535");
  EXPECT_EQ(form("dvpn@203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(form("ops@203.0.113.7:2222"), "ops@203.0.113.7:2222");
  EXPECT_EQ(form("2001:DB8:0::7"), "2001:db8::7");
  EXPECT_EQ(form("[2001:db8::7]"), "2001:db8::7");
  EXPECT_EQ(form("ops@[2001:db8::7]:2222"), "ops@[2001:db8::7]:2222");
  EXPECT_EQ(form("GW.Friday.example"), "gw.friday.example");
  EXPECT_EQ(form("gateway:22"), "gateway:22");
  EXPECT_EQ(form("ops@gateway"), "ops@gateway");
  EXPECT_EQ(form("a.example,b.example:2222,203.0.113.7"), "a.example b.example:2222 203.0.113.7");
}

TEST(TableParse, ReadsEveryOption) {
  const Table table = parse(
      "10.0.32.1 a #! g.example 10.0.32.0/24 via=direct map=192.168.7.0/24\n"
      "10.0.33.1 b #! g.example,h.example choose=load via=relay\n"
      "10.0.34.1 c #! g.example,h.example choose=rtt\n"
      "10.0.35.1 d #! g.example,h.example choose=prefer\n");
  EXPECT_EQ(table.routes()[0].via, Via::kDirect);
  EXPECT_EQ(table.routes()[0].map, net::Prefix::parse("192.168.7.0/24"));
  EXPECT_EQ(table.routes()[1].choose, Choose::kLoad);
  EXPECT_EQ(table.routes()[2].choose, Choose::kRtt);
  EXPECT_EQ(table.routes()[3].choose, Choose::kPrefer);
}

TEST(TableParse, LeavesCommentsAndStrangersLinesAlone) {
  const Table table = parse(
      "#! /bin/sh\n"
      "   #!not a route\n"
      "127.0.0.1\tlocalhost # #!203.0.113.7\n"
      "10.0.0.1 a # first #! 203.0.113.7\n"
      "10.0.0.1 a ## #!203.0.113.7\n"
      "rubbish \x01\x02\xff without a marker\n"
      "300.0.0.1 a\n"
      "10.0.0.0/24 skipped-by-resolvers\n"
      "\n"
      "10.0.0.2" + std::string(100'000, ' ') + "long\n");
  EXPECT_TRUE(table.routes().empty());
  EXPECT_TRUE(table.prefixes().empty());
  EXPECT_FALSE(table.lookup(*net::Address::parse("10.0.0.1")));
}

TEST(TableParse, WarnsWhereAMarkerIsOnlyAComment) {
  parse("300.0.32.1 a #!203.0.113.7\n10.0.32.1 #!203.0.113.7\n",
        "hosts:1:14: warning: no route: '#!' counts behind an address and a name, and '300.0.32.1' is no address\n"
        "  300.0.32.1 a #!203.0.113.7\n"
        "               ^~\n"
        "hosts:2:11: warning: no route: '#!' counts behind an address and a name, and there is no name\n"
        "  10.0.32.1 #!203.0.113.7\n"
        "            ^~\n");
}

TEST(TableParse, TakesBlanksCarriageReturnsAndCommentsAsTheyCome) {
  const Table table = parse(
      "  10.0.32.1\ta\t b \t#!\t203.0.113.7\t10.0.32.0/24 # via=nothing #! x\r\n"
      "10.0.33.1 c#!203.0.113.7#comment\r\n"
      "10.0.34.1 d #!203.0.113.7");
  ASSERT_EQ(table.routes().size(), 3u);
  EXPECT_EQ(table.routes()[0].names.text(), "a\t b");
  EXPECT_EQ(prefixes(table.routes()[0]), "10.0.32.0/24");
  EXPECT_EQ(table.routes()[1].names.front(), "c");
  EXPECT_EQ(gateways(table.routes()[1]), "203.0.113.7");
  EXPECT_EQ(table.routes()[2].line, 3u);
}

TEST(TableParse, TheSamePrefixTwiceIsFineWithTheSameService) {
  const Table table = parse(
      "10.0.32.1 a #!203.0.113.7\n"
      "10.0.32.2 b #!dvpn@203.0.113.7:22 10.0.32.0/24\n");
  EXPECT_EQ(table.routes().size(), 2u);
  EXPECT_EQ(table.prefixes().size(), 1u);
  EXPECT_EQ(table.lookup(*net::Address::parse("10.0.32.9"))->route->line, 1u);
}

TEST(TableLookup, PrefersTheLongestPrefix) {
  const Table table = parse(
      "10.0.0.1  wide #! a.example 10.0.0.0/16\n"
      "10.0.40.1 mid  #! b.example 10.0.40.0/22\n"
      "10.0.41.7 one  #! c.example 10.0.41.7/32\n"
      "fd00::1   six  #! d.example fd00::/32\n");
  const auto found = [&](const char* address) {
    const auto match = table.lookup(*net::Address::parse(address));
    return match ? std::string(match->route->names.front()) + ' ' + match->prefix.to_string() : "none";
  };
  EXPECT_EQ(found("10.0.39.255"), "wide 10.0.0.0/16");
  EXPECT_EQ(found("10.0.40.0"), "mid 10.0.40.0/22");
  EXPECT_EQ(found("10.0.41.7"), "one 10.0.41.7/32");
  EXPECT_EQ(found("10.0.41.8"), "mid 10.0.40.0/22");
  EXPECT_EQ(found("10.0.44.0"), "wide 10.0.0.0/16");
  EXPECT_EQ(found("10.1.0.0"), "none");
  EXPECT_EQ(found("fd00:0:ffff::1"), "six fd00::/32");
  EXPECT_EQ(found("fd00:1::1"), "none");
}

TEST(Table, SurvivesCopyingAndMoving) {
  auto first = std::make_unique<Table>(parse("10.0.32.1 a-name-that-is-not-short #!203.0.113.7\n"));
  const Table copy = *first;
  const Table moved = std::move(*first);
  first.reset();
  EXPECT_EQ(copy.routes()[0].names.front(), "a-name-that-is-not-short");
  EXPECT_EQ(moved.routes()[0].names.front(), "a-name-that-is-not-short");
  EXPECT_EQ(copy.lookup(*net::Address::parse("10.0.32.5"))->route, copy.routes().data());
}

TEST(Route, TranslatesOneToOne) {
  const Table table = parse(
      "10.0.32.1 a #! g.example 10.0.32.0/24 map=192.168.7.0/24\n"
      "10.0.40.1 b #! g.example 10.0.40.0/22 map=172.16.8.0/22\n"
      "fd00:33::1 c #! g.example fd00:33::/60 map=fd00:44:0:10::/60\n"
      "10.0.50.1 d #! g.example\n");
  const auto translated = [&](const char* address) {
    const net::Address original = *net::Address::parse(address);
    return table.lookup(original)->route->translate(original).to_string();
  };
  EXPECT_EQ(translated("10.0.32.77"), "192.168.7.77");
  EXPECT_EQ(translated("10.0.43.254"), "172.16.11.254");
  EXPECT_EQ(translated("fd00:33:0:f::9"), "fd00:44:0:1f::9");
  EXPECT_EQ(translated("10.0.50.3"), "10.0.50.3");
}

}  // namespace
}  // namespace dvpn::table
