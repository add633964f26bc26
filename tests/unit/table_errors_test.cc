// SPDX-License-Identifier: GPL-2.0-or-later
// Every kind of mistake in a table, with the whole text of what is said about it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "table/table.h"

namespace dvpn::table {
namespace {

std::string said(std::string_view content) {
  Diagnostics diagnostics("hosts");
  (void)Table::parse(content, diagnostics);
  return diagnostics.render();
}

struct Mistake {
  std::string behind;   ///< what follows "10.0.32.1 a #!"
  std::string marked;   ///< the part of it that is underlined, its first occurrence
  std::string message;
};

void expect_said(const Mistake& mistake) {
  const std::string front = "10.0.32.1 a #!";
  const std::size_t offset = front.size() + mistake.behind.find(mistake.marked);
  const std::string expected = "hosts:1:" + std::to_string(offset + 1) + ": error: " + mistake.message + "\n  " + front +
                               mistake.behind + "\n  " + std::string(offset, ' ') + '^' +
                               std::string(mistake.marked.size() - 1, '~') + '\n';
  EXPECT_EQ(said(front + mistake.behind + '\n'), expected);
}

TEST(TableErrors, OfGateways) {
  for (const Mistake& mistake : std::vector<Mistake>{
           {"203.0.113.7:70000", "70000", "port 70000 is out of range (1..65535)"},
           {"203.0.113.7:ssh", "ssh", "'ssh' is no port number"},
           {"203.0.113.7:", "203.0.113.7:", "'203.0.113.7:' has no port behind the ':'"},
           {"gw", "gw", "'gw' could be anything; if it is a gateway, write gw:22"},
           {"gw_1.example", "gw_1.example", "'gw_1.example' is neither an address nor a host name"},
           {"gw..example", "gw..example", "'gw..example' is neither an address nor a host name"},
           {"gw.example.", "gw.example.", "'gw.example.' is neither an address nor a host name"},
           {"-gw.example", "-gw.example", "'-gw.example' is neither an address nor a host name"},
           {"203.0.113.300", "203.0.113.300", "'203.0.113.300' is neither an address nor a host name"},
           {std::string(64, 'l') + ".example", std::string(64, 'l') + ".example",
            "'" + std::string(64, 'l') + ".example' is neither an address nor a host name"},
           {"@203.0.113.7", "@203.0.113.7", "'@203.0.113.7' has no user in front of the '@'"},
           {"-oProxy@203.0.113.7", "-oProxy", "'-oProxy' is no account name"},
           {"a@b@203.0.113.7", "b@203.0.113.7", "'b@203.0.113.7' is neither an address nor a host name"},
           {"ops@", "ops@", "'ops@' names no host: a gateway is [USER@]HOST[:PORT]"},
           {":22", ":22", "':22' names no host: a gateway is [USER@]HOST[:PORT]"},
           {"2001:db8::7:99999", "2001:db8::7:99999",
            "'2001:db8::7:99999' is no IPv6 address; with a port it is written [ADDRESS]:PORT"},
           {"[2001:db8::7", "[2001:db8::7", "'[2001:db8::7' has no closing ']'"},
           {"[203.0.113.7]:22", "[203.0.113.7]", "'203.0.113.7' is no IPv6 address, and brackets are for those"},
           {"[2001:db8::7]22", "22", "'22' behind the bracket is no :PORT"},
           {"[fe80::1]:22", "fe80::1", "a link-local address reaches no other site"},
           {"0.0.0.0", "0.0.0.0", "the unspecified address is no gateway"},
           {"239.1.1.1", "239.1.1.1", "a multicast address is no gateway"},
           {"255.255.255.255", "255.255.255.255", "the broadcast address is no gateway"},
           {"a.example,,b.example", "a.example,,b.example", "a gateway is missing between two commas"},
           {"a.example, b.example", "a.example,", "no space can stand beside a comma"},
           {"a.example ,b.example", ",b.example", "no space can stand beside a comma"},
           {"a.example,dvpn@A.example:22", "dvpn@A.example:22", "gateway a.example is listed twice"},
           {"a.example b.example", "b.example",
            "'b.example' is neither a prefix nor an option; further gateways follow a comma, without a space"},
           {"203.0.113.7 203.0.113.8", "203.0.113.8",
            "'203.0.113.8' is no prefix: one address alone is 203.0.113.8/32; further gateways follow a comma, without a "
            "space"},
       })
    expect_said(mistake);
  EXPECT_EQ(said("10.0.32.1 a #!203.0.113.7:0\n"),
            "hosts:1:27: error: port 0 is out of range (1..65535)\n"
            "  10.0.32.1 a #!203.0.113.7:0\n"
            "                            ^\n");
}

TEST(TableErrors, OfAMarkerWithNothingBehindIt) {
  for (const std::string line : {"10.0.32.1 a #!", "10.0.32.1 a #!  # a comment"})
    EXPECT_EQ(said(line), "hosts:1:13: error: no gateway follows the marker\n  " + line + "\n              ^~\n");
}

TEST(TableErrors, OfPrefixes) {
  for (const Mistake& mistake : std::vector<Mistake>{
           {" g.example 10.0.32.1/24", "10.0.32.1/24",
            "10.0.32.1/24 has bits set beyond its length; the block is 10.0.32.0/24"},
           {" g.example 10.0.32.0/33", "10.0.32.0/33", "prefix length '33' is no number from 1 to 32"},
           {" g.example fd00::/129", "fd00::/129", "prefix length '129' is no number from 1 to 128"},
           {" g.example 10.0.32.0/", "10.0.32.0/", "prefix length '' is no number from 1 to 32"},
           {" g.example ten/8", "ten/8", "'ten/8' is no address block like 10.0.32.0/24 or fd00:32::/64"},
           {" g.example 0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0 cannot be used: it covers every address"},
           {" g.example ::/0", "::/0", "::/0 cannot be used: it covers every address"},
           {" g.example 127.0.0.0/8", "127.0.0.0/8", "127.0.0.0/8 cannot be used: it covers loopback addresses"},
           {" g.example 0.0.0.0/1", "0.0.0.0/1", "0.0.0.0/1 cannot be used: it covers loopback addresses"},
           {" g.example ::1/128", "::1/128", "::1/128 cannot be used: it covers the loopback address"},
           {" g.example 169.254.0.0/16", "169.254.0.0/16", "169.254.0.0/16 cannot be used: it covers link-local addresses"},
           {" g.example fe80::/64", "fe80::/64", "fe80::/64 cannot be used: it covers link-local addresses"},
           {" g.example 232.0.0.0/8", "232.0.0.0/8", "232.0.0.0/8 cannot be used: it covers multicast addresses"},
           {" g.example ff0e::/16", "ff0e::/16", "ff0e::/16 cannot be used: it covers multicast addresses"},
           {" g.example 10.0.32.0/24,10.0.33.0/24", "10.0.32.0/24,10.0.33.0/24",
            "prefixes are separated by spaces, not by commas"},
           {" g.example via=relay 10.0.32.0/24", "10.0.32.0/24", "prefixes stand before the options"},
           {" 10.0.32.0/24", "10.0.32.0/24", "a gateway has to come first behind the marker"},
           {" via=relay", "via=relay", "a gateway has to come first behind the marker"},
       })
    expect_said(mistake);
  EXPECT_EQ(said("10.0.32.1 a #! g.example 10.0.32.0/24 10.0.32.0/24\n"),
            "hosts:1:39: error: prefix 10.0.32.0/24 is listed twice\n"
            "  10.0.32.1 a #! g.example 10.0.32.0/24 10.0.32.0/24\n"
            "                                        ^~~~~~~~~~~~\n");
  EXPECT_EQ(said("127.0.0.1 a #!g.example\n"),
            "hosts:1:1: error: no prefix is written, and 127.0.0.0/24 cannot be used: it covers loopback addresses\n"
            "  127.0.0.1 a #!g.example\n"
            "  ^~~~~~~~~\n");
}

TEST(TableErrors, OfOptions) {
  for (const Mistake& mistake : std::vector<Mistake>{
           {" g.example chose=load", "chose", "unknown option 'chose'; did you mean 'choose'?"},
           {" g.example compression=yes", "compression", "unknown option 'compression'"},
           {" g.example =load", "=load", "unknown option ''"},
           {" g.example via=", "via=", "option via= has no value"},
           {" g.example via=relya", "relya", "'relya' is none of relay, direct; did you mean 'relay'?"},
           {" g.example choose=random", "random", "'random' is none of prefer, weight, load, rtt"},
           {" g.example choose=weight", "choose=weight", "choose=weight needs weights=, a number for each gateway"},
           {" g.example weights=1", "weights=1", "weights= needs choose=weight"},
           {" g.example choose=weight weights=1,2", "weights=1,2", "there are 2 weights for 1 gateways"},
           {" g.example map=10.9.0.0/16", "map=10.9.0.0/16",
            "map= has to be as long as the line's prefix 10.0.32.0/24: write a map of /24, or a prefix of /16"},
           {" g.example map=fd00:9::/64", "map=fd00:9::/64", "map= has to be of the family of the line's prefix 10.0.32.0/24"},
           {" g.example map=192.168.1.7/24", "192.168.1.7/24",
            "192.168.1.7/24 has bits set beyond its length; the block is 192.168.1.0/24"},
           {" g.example map=0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0 cannot be used: it covers every address"},
           {" g.example map=192.168.1.0", "192.168.1.0",
            "'192.168.1.0' has no length: one address alone is 192.168.1.0/32"},
           {" g.example 0.0.0.0/0 map=10.9.0.0/16", "0.0.0.0/0", "0.0.0.0/0 cannot be used: it covers every address"},
           {" g.example map=fd00:9::/24", "fd00:9::/24",
            "fd00:9::/24 has bits set beyond its length; the block is fd00::/24"},
           {" g.example map=::fffe:0:0/95", "::fffe:0:0/95",
            "::fffe:0:0/95 cannot be used: it covers IPv4 addresses in their IPv6 form"},
           {" g.example map=127.0.0.0/24", "127.0.0.0/24",
            "127.0.0.0/24 cannot be used: it covers loopback addresses"},
           {" g.example 10.0.32.0/24 10.0.33.0/24 map=10.9.0.0/24", "map=10.9.0.0/24",
            "map= needs a line with one prefix, and this one has 2; write a line for each"},
       })
    expect_said(mistake);
  EXPECT_EQ(said("10.0.32.1 a #! g.example via=relay via=relay\n"),
            "hosts:1:36: error: option via= is given twice\n"
            "  10.0.32.1 a #! g.example via=relay via=relay\n"
            "                                     ^~~~~~~~~\n");
  EXPECT_EQ(said("10.0.32.1 a #! g.example,h.example choose=weight weights=0,1001\n"),
            "hosts:1:58: error: weight '0' is no number from 1 to 1000\n"
            "  10.0.32.1 a #! g.example,h.example choose=weight weights=0,1001\n"
            "                                                           ^\n"
            "hosts:1:60: error: weight '1001' is no number from 1 to 1000\n"
            "  10.0.32.1 a #! g.example,h.example choose=weight weights=0,1001\n"
            "                                                             ^~~~\n");
  EXPECT_EQ(said("fd00:9::1 a #! g.example map=fd00:a::/48\n"),
            "hosts:1:26: error: map= has to be as long as the line's prefix fd00:9::/64: write a map of /64, or a prefix of /48\n"
            "  fd00:9::1 a #! g.example map=fd00:a::/48\n"
            "                           ^~~~~~~~~~~~~~~\n");
}

TEST(TableErrors, OfCharactersAndLength) {
  EXPECT_EQ(said(std::string_view("10.0.32.1 a #!g.example # \0\n", 28)),
            "hosts:1:27: error: a line with a route has no control characters in it\n"
            "  10.0.32.1 a #!g.example # ?\n"
            "                            ^\n");
  EXPECT_EQ(said("10.0.32.1 a\x1b[m #!g.example\n"),
            "hosts:1:12: error: a line with a route has no control characters in it\n"
            "  10.0.32.1 a?[m #!g.example\n"
            "             ^\n");
  const std::string line = "10.0.32.1 a #!g.example #" + std::string(Table::kLongestLine - 25, 'x');
  EXPECT_EQ(said(line), "");
  EXPECT_EQ(said(line + 'x').substr(0, 66), "hosts:1:13: error: a line with a route is 8192 bytes long at most\n");
}

TEST(TableErrors, NameBothLinesOfAPrefix) {
  EXPECT_EQ(said("10.0.32.1 a #! g.example\n"
                 "10.0.40.1 b #! h.example 10.0.40.0/24 10.0.32.0/24\n"),
            "hosts:2:39: error: prefix 10.0.32.0/24 is already in line 1, with other gateways or options\n"
            "  10.0.40.1 b #! h.example 10.0.40.0/24 10.0.32.0/24\n"
            "                                        ^~~~~~~~~~~~\n");
  EXPECT_EQ(said("10.0.32.1 a #! g.example 10.0.32.0/24\r\n10.0.32.2 b #! g.example via=direct\r\n"),
            "hosts:2:1: error: prefix 10.0.32.0/24 is already in line 1, with other gateways or options\n"
            "  10.0.32.2 b #! g.example via=direct\n"
            "  ^~~~~~~~~\n");
}

TEST(TableWarnings, OfADefaultPrefixThatCutsIntoAWiderOne) {
  EXPECT_EQ(said("10.0.40.1 a #! g.example 10.0.40.0/22\n"
                 "10.0.41.1 b #! h.example\n"
                 "10.0.42.1 c #! h.example 10.0.42.0/24\n"
                 "10.0.43.1 d #! g.example\n"),
            "hosts:2:1: warning: the default prefix 10.0.41.0/24 cuts into 10.0.40.0/22 of line 1; write the prefix if "
            "that is meant\n"
            "  10.0.41.1 b #! h.example\n"
            "  ^~~~~~~~~\n");
}

TEST(TableWarnings, OfAnAddressOutsideItsLinesPrefixes) {
  EXPECT_EQ(said("10.0.33.1 a #! g.example 10.0.34.0/24\n"),
            "hosts:1:1: warning: 10.0.33.1 is in none of its line's prefixes\n"
            "  10.0.33.1 a #! g.example 10.0.34.0/24\n"
            "  ^~~~~~~~~\n");
}

TEST(TableWarnings, OfAMapThatChangesNothing) {
  EXPECT_EQ(said("10.0.33.1 a #! g.example map=10.0.33.0/24\n"),
            "hosts:1:26: warning: map= translates the prefix into itself; leave it out\n"
            "  10.0.33.1 a #! g.example map=10.0.33.0/24\n"
            "                           ^~~~~~~~~~~~~~~~\n");
}

TEST(TableErrors, AreAllCollectedInTheOrderOfTheLines) {
  EXPECT_EQ(said("10.0.32.1 a #! gw 10.0.32.0/40 vai=relay\n"
                 "10.0.33.1 b #! g.example\n"
                 "10.0.34.1 c #! g.example:x\n"
                 "10.0.33.2 d #! h.example\n"),
            "hosts:1:16: error: 'gw' could be anything; if it is a gateway, write gw:22\n"
            "  10.0.32.1 a #! gw 10.0.32.0/40 vai=relay\n"
            "                 ^~\n"
            "hosts:1:19: error: prefix length '40' is no number from 1 to 32\n"
            "  10.0.32.1 a #! gw 10.0.32.0/40 vai=relay\n"
            "                    ^~~~~~~~~~~~\n"
            "hosts:1:32: error: unknown option 'vai'; did you mean 'via'?\n"
            "  10.0.32.1 a #! gw 10.0.32.0/40 vai=relay\n"
            "                                 ^~~\n"
            "hosts:3:26: error: 'x' is no port number\n"
            "  10.0.34.1 c #! g.example:x\n"
            "                           ^\n"
            "hosts:4:1: error: prefix 10.0.33.0/24 is already in line 2, with other gateways or options\n"
            "  10.0.33.2 d #! h.example\n"
            "  ^~~~~~~~~\n");
}

}  // namespace
}  // namespace dvpn::table
