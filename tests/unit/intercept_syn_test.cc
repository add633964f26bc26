// SPDX-License-Identifier: GPL-2.0-or-later
// First packets as they come from a wire, and everything that only looks like one.
#include "intercept/syn.h"

#include <gtest/gtest.h>

#include <string>

#include "intercept/verdict.h"

namespace dvpn::intercept {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// As Linux sends them: 10.0.31.2:40000 > 10.0.32.2:80 and fd00:31::2:40000 > [fd00:32::2]:80, sequence 0x01020304.
const std::string kTcp = "9c40" "0050" "01020304" "00000000" "a002faf0" "00000000" "020405b40402080a0000000100000000" "01030307";
const std::string kFour = from_hex("4500003c123440004006" "0000" "0a001f02" "0a002002" + kTcp);
const std::string kSix = from_hex("600abcde00280640" "fd000031000000000000000000000002" "fd000032000000000000000000000002" + kTcp);

std::string changed(const std::string& packet, std::size_t at, int value) {
  return packet.substr(0, at) + static_cast<char>(value) + packet.substr(at + 1);
}

TEST(Syn, IsReadInBothFamilies) {
  const auto four = parse_syn(kFour);
  ASSERT_TRUE(four);
  EXPECT_EQ(four->client.to_string(), "10.0.31.2:40000");
  EXPECT_EQ(four->destination.to_string(), "10.0.32.2:80");
  EXPECT_EQ(four->sequence, 0x01020304u);
  const auto six = parse_syn(kSix);
  ASSERT_TRUE(six);
  EXPECT_EQ(six->client.to_string(), "[fd00:31::2]:40000");
  EXPECT_EQ(six->destination.to_string(), "[fd00:32::2]:80");
  EXPECT_EQ(six->sequence, 0x01020304u);
}

TEST(Syn, MayBeCutOffBehindItsHeaderAndNotBefore) {
  for (const auto& [packet, headers] : {std::pair(kFour, 40u), std::pair(kSix, 60u)})
    for (std::size_t size = 0; size <= packet.size(); ++size)
      EXPECT_EQ(parse_syn(std::string_view(packet).substr(0, size)).has_value(), size >= headers) << size;
}

TEST(Syn, MayHaveOptionsExtensionsAndCongestionBits) {
  EXPECT_TRUE(parse_syn(changed(kFour, 33, 0xc2)));  // SYN ECE CWR (RFC 3168)
  std::string options = changed(kFour, 0, 0x46);     // four bytes of IP options
  options.insert(20, from_hex("94040000"));
  EXPECT_EQ(parse_syn(changed(options, 3, 0x40))->destination.port, 80);
  std::string hop_by_hop = changed(changed(kSix, 6, 0), 5, 0x30);
  hop_by_hop.insert(40, from_hex("0600050200000100"));
  EXPECT_EQ(parse_syn(hop_by_hop)->destination.port, 80);
  EXPECT_FALSE(parse_syn(changed(hop_by_hop, 41, 9)));  // longer than the packet
  EXPECT_FALSE(parse_syn(changed(hop_by_hop, 40, 0)));  // followed by another one, which is none
}

TEST(Syn, NothingElseIsOne) {
  const std::pair<const char*, std::string> others[] = {
      {"SYN ACK", changed(kFour, 33, 0x12)},
      {"SYN FIN", changed(kFour, 33, 0x03)},
      {"SYN RST", changed(kFour, 33, 0x06)},
      {"no SYN", changed(kFour, 33, 0x00)},
      {"IP version 5", changed(kFour, 0, 0x55)},
      {"IP header of 16 bytes", changed(kFour, 0, 0x44)},
      {"IP header longer than the packet", changed(kFour, 0, 0x4f).substr(0, 50)},
      {"total length below the headers", changed(kFour, 3, 39)},
      {"UDP", changed(kFour, 9, 17)},
      {"a first fragment", changed(kFour, 6, 0x20)},
      {"a later fragment", changed(kFour, 7, 1)},
      {"TCP header of 16 bytes", changed(kFour, 32, 0x40)},
      {"source port 0", changed(changed(kFour, 20, 0), 21, 0)},
      {"destination port 0", changed(kFour, 23, 0)},
      {"from 127.0.31.2", changed(kFour, 12, 127)},
      {"from 224.0.31.2", changed(kFour, 12, 224)},
      {"from 0.0.0.0", from_hex("4500003c1234400040060000" "00000000" "0a002002" + kTcp)},
      {"from 255.255.255.255", from_hex("4500003c1234400040060000" "ffffffff" "0a002002" + kTcp)},
      {"ICMPv6", changed(kSix, 6, 58)},
      {"an IPv6 fragment", changed(kSix, 6, 44)},
      {"payload length below the TCP header", changed(kSix, 5, 19)},
      {"from ff00::", changed(kSix, 8, 0xff)},
      {"from ::1", from_hex("600abcde00280640" "00000000000000000000000000000001" "fd000032000000000000000000000002" + kTcp)},
      {"from ::ffff:10.0.31.2", from_hex("600abcde00280640" "00000000000000000000ffff0a001f02" "fd000032000000000000000000000002" + kTcp)},
      {"to ::ffff:10.0.32.2", from_hex("600abcde00280640" "fd000031000000000000000000000002" "00000000000000000000ffff0a002002" + kTcp)},
  };
  for (const auto& [what, packet] : others) EXPECT_FALSE(parse_syn(packet)) << what;
}

TEST(Verdict, IsAFieldOfTheMark) {
  constexpr std::uint32_t kField = 0x0f000000;
  EXPECT_EQ(marked(0xdeadbeef, kField, Verdict::kPass), 0xd0adbeefu);
  EXPECT_EQ(marked(0xdeadbeef, kField, Verdict::kReset), 0xd8adbeefu);
  EXPECT_EQ(marked(0xdeadbeef, kField, Verdict::kHostUnreachable), 0xd9adbeefu);
  EXPECT_EQ(marked(0xdeadbeef, kField, Verdict::kNetworkUnreachable), 0xdaadbeefu);
  EXPECT_EQ(marked(0xdeadbeef, kField, Verdict::kProhibited), 0xdbadbeefu);
  EXPECT_EQ(marked(0, 0xf0000000, Verdict::kProhibited), 0xb0000000u);
  EXPECT_EQ(marked(0, 0xf, Verdict::kReset), 8u);
}

}  // namespace
}  // namespace dvpn::intercept
