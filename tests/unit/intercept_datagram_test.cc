// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams as they come from a wire, and the ICMP errors that are made about them.
#include <gtest/gtest.h>

#include "intercept/checksum.h"
#include "intercept/ip_packet.h"
#include "intercept/udp_header.h"

namespace dvpn::intercept {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

std::string changed(const std::string& packet, std::size_t at, int value) {
  return packet.substr(0, at) + static_cast<char>(value) + packet.substr(at + 1);
}

// 10.0.31.2:40000 > 10.0.32.2:53 and the same in IPv6, with four bytes.
const std::string kUdp = "9c400035000c0000" "61626364";
const std::string kFour = from_hex("45000020123440004011" "0000" "0a001f02" "0a002002" + kUdp);
const std::string kSix = from_hex("600abcde000c1140" "fd000031000000000000000000000002" "fd000032000000000000000000000002" + kUdp);

TEST(UdpHeader, IsReadInBothFamilies) {
  const auto four = parse_udp(kFour), six = parse_udp(kSix);
  ASSERT_TRUE(four && six);
  EXPECT_EQ(four->client.to_string(), "10.0.31.2:40000");
  EXPECT_EQ(four->destination.to_string(), "10.0.32.2:53");
  EXPECT_EQ(six->client.to_string(), "[fd00:31::2]:40000");
  EXPECT_EQ(six->destination.to_string(), "[fd00:32::2]:53");
  EXPECT_EQ(four->payload, 4u);
  EXPECT_EQ(six->payload, 4u);
}

TEST(UdpHeader, OfAPacketThatIsCutOffSaysHowLongItWas) {
  EXPECT_EQ(parse_udp(kFour.substr(0, 28))->payload, 4u);
  for (std::size_t i = 0; i < 28; ++i) EXPECT_FALSE(parse_udp(std::string_view(kFour).substr(0, i))) << i;
  for (std::size_t i = 0; i < 48; ++i) EXPECT_FALSE(parse_udp(std::string_view(kSix).substr(0, i))) << i;
}

TEST(UdpHeader, WhatContradictsItselfIsNone) {
  EXPECT_FALSE(parse_udp(changed(kFour, 9, 6)));        // TCP
  EXPECT_FALSE(parse_udp(changed(kFour, 6, 0x20)));     // a fragment
  EXPECT_FALSE(parse_udp(changed(kFour, 25, 13)));      // longer than its packet
  EXPECT_FALSE(parse_udp(changed(kFour, 25, 7)));       // shorter than its header
  EXPECT_FALSE(parse_udp(changed(kFour, 12, 224)));     // from many
  EXPECT_FALSE(parse_udp(changed(kFour, 16, 127)));     // to ourselves
  EXPECT_FALSE(parse_udp(changed(changed(kFour, 20, 0), 21, 0)));  // from port 0
  EXPECT_FALSE(parse_udp(changed(changed(kFour, 22, 0), 23, 0)));  // to port 0
}

TEST(IcmpError, QuotesTheDatagram) {
  const auto client = *net::Endpoint::parse("10.0.31.2:40000"), target = *net::Endpoint::parse("10.0.32.2:53");
  const std::string packet = icmp_error(quoted_datagram(client, target, 4), Verdict::kReset);
  ASSERT_EQ(packet.size(), 20u + 8 + 20 + 8);
  const auto outer = parse_ip(packet);
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->source, target.address);
  EXPECT_EQ(outer->destination, client.address);
  EXPECT_EQ(outer->protocol, IPPROTO_ICMP);
  EXPECT_EQ(number_at(outer->carried, 0, 2), 0x0303u);
  Checksum header, message;
  header.add(packet.substr(0, 20));
  message.add(outer->carried);
  EXPECT_EQ(header.value(), 0);
  EXPECT_EQ(message.value(), 0);
  // (what is quoted is cut off behind its header)
  const auto inner = parse_udp(packet.substr(28));
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->client, client);
  EXPECT_EQ(inner->destination, target);
  EXPECT_EQ(inner->payload, 4u);
}

TEST(IcmpError, HasAPseudoHeaderInItsChecksumInIpv6) {
  const auto client = *net::Endpoint::parse("[fd00:31::2]:40000"), target = *net::Endpoint::parse("[fd00:32::2]:53");
  const std::string packet = icmp_error(quoted_datagram(client, target, 1200), Verdict::kReset);
  const auto outer = parse_ip(packet);
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->protocol, IPPROTO_ICMPV6);
  EXPECT_EQ(number_at(outer->carried, 0, 2), 0x0104u);
  Checksum sum;
  sum.add(packet.substr(8, 32));
  sum.add_word(static_cast<std::uint32_t>(outer->size));
  sum.add_word(IPPROTO_ICMPV6);
  sum.add(outer->carried);
  EXPECT_EQ(sum.value(), 0);
  EXPECT_EQ(parse_udp(packet.substr(48))->payload, 1200u);
}

TEST(IcmpError, SaysWhatTheVerdictSays) {
  const auto kind = [](const char* from, const char* to, Verdict verdict) {
    const std::string packet = icmp_error(quoted_datagram(*net::Endpoint::parse(from), *net::Endpoint::parse(to), 4), verdict);
    return packet.empty() ? 0 : number_at(parse_ip(packet)->carried, 0, 2);
  };
  const auto four = [&](Verdict verdict) { return kind("10.0.31.2:1", "10.0.32.2:2", verdict); };
  const auto six = [&](Verdict verdict) { return kind("[fd00:31::2]:1", "[fd00:32::2]:2", verdict); };
  EXPECT_EQ(four(Verdict::kHostUnreachable), 0x0301u);
  EXPECT_EQ(four(Verdict::kNetworkUnreachable), 0x0300u);
  EXPECT_EQ(four(Verdict::kProhibited), 0x030du);
  EXPECT_EQ(six(Verdict::kHostUnreachable), 0x0103u);
  EXPECT_EQ(six(Verdict::kNetworkUnreachable), 0x0100u);
  EXPECT_EQ(six(Verdict::kProhibited), 0x0101u);
  EXPECT_EQ(four(Verdict::kSilence), 0u);
  EXPECT_EQ(six(Verdict::kPass), 0u);
}

}  // namespace
}  // namespace dvpn::intercept
