// SPDX-License-Identifier: GPL-2.0-or-later
// Pings as they come from a wire, the replies that are made of them, and packets in fragments.
#include "intercept/echo.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "intercept/ip_header.h"

namespace dvpn::intercept {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

std::string changed(std::string packet, std::size_t at, int value) {
  packet.replace(at, 1, 1, static_cast<char>(value));
  return packet;
}

// 10.0.31.2 > 10.0.32.2 and the same in IPv6: identifier 0x1234, sequence number 5, "abcd"; checksums worked out by hand.
const std::string kFour = from_hex("450000201234400040010000" "0a001f02" "0a002002" "0800" "2100" "12340005" "61626364");
const std::string kSix = from_hex("600abcde000c3a40" "fd000031000000000000000000000002" "fd000032000000000000000000000002"
                                  "8000" "ae50" "12340005" "61626364");

net::Address address(const char* word) { return *net::Address::parse(word); }

/// The sum over an ICMPv6 packet with its pseudo-header, or an ICMP message: 0 if it is right.
std::uint16_t sum_of(const IpPacket& ip) {
  Checksum sum;
  if (!ip.source.is_ipv4()) add_pseudo_header(sum, ip.source, ip.destination, ip.size, ip.protocol);
  sum.add(ip.carried);
  return sum.value();
}

TEST(EchoRequest, IsReadInBothFamilies) {
  for (const auto& [packet, client, target] : {std::tuple{kFour, "10.0.31.2", "10.0.32.2"}, {kSix, "fd00:31::2", "fd00:32::2"}}) {
    const auto request = parse_echo_request(packet);
    ASSERT_TRUE(request) << client;
    EXPECT_EQ(request->client, address(client));
    EXPECT_EQ(request->target, address(target));
    EXPECT_EQ(request->name, (EchoName{0x1234, 5}));
    EXPECT_EQ(request->payload, "abcd");
    EXPECT_TRUE(request->whole());
  }
}

TEST(EchoRequest, ThatIsCutOffSaysHowLongItWas) {
  const auto request = parse_echo_request(std::string_view(kFour).substr(0, 30));
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->whole());
  EXPECT_EQ(request->size, 4u);
  EXPECT_EQ(request->payload, "ab");
  for (std::size_t i = 0; i < 28; ++i) EXPECT_FALSE(parse_echo_request(std::string_view(kFour).substr(0, i))) << i;
  for (std::size_t i = 0; i < 48; ++i) EXPECT_FALSE(parse_echo_request(std::string_view(kSix).substr(0, i))) << i;
}

TEST(EchoRequest, NothingElseIsOne) {
  EXPECT_FALSE(parse_echo_request(changed(kFour, 9, 17)));                      // UDP
  EXPECT_FALSE(parse_echo_request(changed(kFour, 9, 58)));                      // the other family's
  EXPECT_FALSE(parse_echo_request(changed(changed(kFour, 20, 0), 22, 0x29)));   // a reply
  EXPECT_FALSE(parse_echo_request(changed(changed(changed(kFour, 21, 1), 22, 0x20), 23, 0xff)));  // another code
  EXPECT_FALSE(parse_echo_request(changed(kFour, 6, 0x20)));                    // a fragment
  EXPECT_FALSE(parse_echo_request(changed(kFour, 30, 'x')));                    // changed on its way
  EXPECT_FALSE(parse_echo_request(changed(kSix, 50, 'x')));
  EXPECT_FALSE(parse_echo_request(changed(kSix, 40, 129)));
}

TEST(EchoReply, IsThatOfTheTarget) {
  for (const auto& [client, target] : {std::pair{"10.0.31.2", "10.0.32.2"}, {"fd00:31::2", "fd00:32::2"}}) {
    const std::string packet = echo_reply(address(target), address(client), {0x1234, 0xff05}, 61, "odd length, 19 byte");
    const auto ip = parse_ip(packet);
    ASSERT_TRUE(ip) << client;
    EXPECT_EQ(ip->source, address(target));
    EXPECT_EQ(ip->destination, address(client));
    EXPECT_EQ(number_at(packet, ip->source.is_ipv4() ? 8 : 7, 1), 61u);
    EXPECT_EQ(number_at(ip->carried, 0, 2), ip->source.is_ipv4() ? 0u : 0x8100u);
    EXPECT_EQ(number_at(ip->carried, 4, 4), 0x1234ff05u);
    EXPECT_EQ(ip->carried.substr(8), "odd length, 19 byte");
    EXPECT_EQ(sum_of(*ip), 0);
  }
}

TEST(EchoError, QuotesTheRequest) {
  const std::string packet = icmp_error(quoted_echo(address("10.0.31.2"), address("10.0.32.2"), {0x1234, 5}, 56), Verdict::kHostUnreachable);
  const auto outer = parse_ip(packet);
  ASSERT_TRUE(outer);
  EXPECT_EQ(number_at(outer->carried, 0, 2), 0x0301u);
  const auto inner = parse_echo_request(packet.substr(28));
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->client, address("10.0.31.2"));
  EXPECT_EQ(inner->name, (EchoName{0x1234, 5}));
  EXPECT_EQ(inner->size, 56u);
  const std::string six = icmp_error(quoted_echo(address("fd00:31::2"), address("fd00:32::2"), {1, 2}, 56), Verdict::kProhibited);
  EXPECT_EQ(parse_echo_request(six.substr(48))->name, (EchoName{1, 2}));
  EXPECT_EQ(number_at(six, 40, 2), 0x0101u);
}

/// What the fragments carry, put together by where each says it belongs; the last one first would do as well.
std::string put_together(const std::vector<std::string>& fragments, bool four) {
  std::string out;
  for (const std::string& fragment : fragments) {
    const std::size_t header = four ? 20 : 48;
    const std::uint32_t field = four ? number_at(fragment, 6, 2) : number_at(fragment, 42, 2);
    const std::size_t offset = four ? (field & 0x1fff) * 8 : field & 0xfff8;
    const bool more = four ? (field & 0x2000) != 0 : (field & 1) != 0;
    EXPECT_EQ(more, &fragment != &fragments.back());
    out.resize(std::max(out.size(), offset + fragment.size() - header));
    out.replace(offset, fragment.size() - header, fragment, header);
  }
  return out;
}

TEST(Fragments, AreThePacketInPieces) {
  for (const auto& [client, target] : {std::pair{"10.0.31.2", "10.0.32.2"}, {"fd00:31::2", "fd00:32::2"}})
    for (const std::size_t size : {1252u, 1253u, 8000u, 65'500u}) {
      const bool four = address(client).is_ipv4();
      std::string payload;
      for (std::size_t i = 0; i < size; ++i) payload += static_cast<char>(i * i >> 3);
      const std::string packet = echo_reply(address(target), address(client), {1, 2}, 64, payload);
      const auto fragments = in_fragments(packet, 1280, 0xabcd1234);
      EXPECT_EQ(fragments.size(), (packet.size() - (four ? 20 : 40) + (four ? 1255 : 1231)) / (four ? 1256 : 1232));
      for (const std::string& fragment : fragments) {
        EXPECT_LE(fragment.size(), 1280u);
        EXPECT_EQ(number_at(fragment, four ? 2 : 4, 2), fragment.size() - (four ? 0 : 40));
        EXPECT_EQ(four ? number_at(fragment, 4, 2) : number_at(fragment, 44, 4), four ? 0x1234u : 0xabcd1234u);
        EXPECT_EQ(four ? fragment.substr(8, 2) + fragment.substr(12, 8) : fragment.substr(7, 33),
                  four ? packet.substr(8, 2) + packet.substr(12, 8) : packet.substr(7, 33));
        if (four) {
          Checksum header;
          header.add(std::string_view(fragment).substr(0, 20));
          EXPECT_EQ(header.value(), 0);
        } else {
          EXPECT_EQ(number_at(fragment, 6, 1), 44u);
          EXPECT_EQ(number_at(fragment, 40, 2), 58u << 8);
        }
      }
      EXPECT_EQ(put_together(fragments, four), packet.substr(four ? 20 : 40));
    }
}

TEST(Fragments, NeverHaveNoNumberInIpv4) {
  const std::string packet = echo_reply(address("10.0.32.2"), address("10.0.31.2"), {1, 2}, 64, std::string(3000, 'x'));
  for (const std::string& fragment : in_fragments(packet, 1280, 0x10000)) EXPECT_EQ(number_at(fragment, 4, 2), 1u);
}

}  // namespace
}  // namespace dvpn::intercept
