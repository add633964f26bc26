// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/address.h"

#include <gtest/gtest.h>

namespace dvpn::net {
namespace {

TEST(Address, ParsesNumbersOnly) {
  EXPECT_EQ(Address::parse("10.0.32.1")->to_string(), "10.0.32.1");
  EXPECT_EQ(Address::parse("FD00:33:0::1")->to_string(), "fd00:33::1");
  for (const char* bad : {"", "10.0.32", "010.0.0.1", "10.0.32.256", "localhost", "[::1]", "fe80::1%lo", " 10.0.0.1"})
    EXPECT_FALSE(Address::parse(bad)) << bad;
}

TEST(Address, HoldsAMappedAddressAsIPv4) {
  EXPECT_EQ(Address::parse("::ffff:127.0.0.1"), Address::parse("127.0.0.1"));
  EXPECT_TRUE(Address::parse("::ffff:127.0.0.1")->is_loopback());
}

TEST(Address, KnowsTheSpecialRanges) {
  EXPECT_TRUE(Address::parse("127.9.9.9")->is_loopback());
  EXPECT_TRUE(Address::parse("::1")->is_loopback());
  EXPECT_FALSE(Address::parse("::2")->is_loopback());
  EXPECT_TRUE(Address::parse("169.254.1.1")->is_link_local());
  EXPECT_TRUE(Address::parse("febf::1")->is_link_local());
  EXPECT_FALSE(Address::parse("fec0::1")->is_link_local());
  EXPECT_TRUE(Address::parse("239.1.1.1")->is_multicast());
  EXPECT_TRUE(Address::parse("ff02::1")->is_multicast());
  EXPECT_TRUE(Address::parse("::")->is_unspecified());
}

TEST(Prefix, RefusesHostBitsAndSloppyLengths) {
  EXPECT_EQ(Prefix::parse("10.0.40.0/22")->to_string(), "10.0.40.0/22");
  EXPECT_EQ(Prefix::parse("10.0.40.1")->to_string(), "10.0.40.1/32");
  for (const char* bad : {"10.0.41.0/22", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "fd00::1/64", "/8"})
    EXPECT_FALSE(Prefix::parse(bad)) << bad;
}

TEST(Prefix, ContainsWhatLiesInside) {
  const Prefix wide = *Prefix::parse("10.0.40.0/22");
  EXPECT_TRUE(wide.contains(*Address::parse("10.0.43.255")));
  EXPECT_FALSE(wide.contains(*Address::parse("10.0.44.0")));
  EXPECT_FALSE(wide.contains(*Address::parse("fd00::1")));
  EXPECT_TRUE(wide.contains(*Prefix::parse("10.0.42.0/24")));
  EXPECT_FALSE(Prefix::parse("10.0.42.0/24")->contains(wide));
  EXPECT_EQ(wide.last().to_string(), "10.0.43.255");
  EXPECT_EQ(Prefix::parse("::/80")->last().family(), Family::kIPv6);  // though it looks like a mapped address
  EXPECT_EQ(Prefix::parse("8000::/1")->last(), *Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(Prefix::around(*Address::parse("fd00:33::1"), 64).to_string(), "fd00:33::/64");
  EXPECT_TRUE(Prefix().contains(*Address::parse("1.2.3.4")));
}

TEST(Endpoint, ReadsAndWritesBothFamilies) {
  EXPECT_EQ(Endpoint::parse("10.0.0.1:22")->to_string(), "10.0.0.1:22");
  EXPECT_EQ(Endpoint::parse("[fd00::1]:22")->to_string(), "[fd00::1]:22");
  for (const char* bad : {"10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "fd00::1:22", "[10.0.0.1]:22", ":22", "[]:22"})
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(Endpoint, SurvivesTheSocketForm) {
  for (const char* word : {"10.0.0.1:22", "[fd00::1]:65535"}) {
    sockaddr_storage storage;
    Endpoint::parse(word)->to_sockaddr(storage);
    EXPECT_EQ(Endpoint::from_sockaddr(storage)->to_string(), word);
  }
}

}  // namespace
}  // namespace dvpn::net
