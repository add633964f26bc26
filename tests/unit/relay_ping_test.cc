// SPDX-License-Identifier: GPL-2.0-or-later
// Pings through a relay, in network namespaces of their own, where the system's settings about them can be changed.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <fstream>
#include <sstream>

#include "relay_harness.h"
#include "wire/datagram.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using wire::FrameType;
using wire::Kind;
using wire::Status;

constexpr const char* kAllowPings = "sysctl -q -w net.ipv4.ping_group_range='0 2147483647'";

net::Endpoint host(const char* address) { return {*net::Address::parse(address), 0}; }

bool send_echo(const Caller& caller, std::uint32_t token, std::string_view payload) {
  const auto header = wire::encode_echo_header(token, 0);
  return caller.send_datagram(std::string(header.data(), header.size()).append(payload));
}

/// The next frame is this reply.
testing::AssertionResult replies(const Caller& caller, std::uint32_t token, std::string_view payload) {
  const auto frame = caller.frame();
  if (!frame || frame->type != FrameType::kDatagram) return testing::AssertionFailure() << "no datagram";
  const auto echo = wire::decode_echo(frame->payload);
  if (!echo || echo->token != token) return testing::AssertionFailure() << "another token";
  if (echo->payload != payload) return testing::AssertionFailure() << "another payload";
  if (echo->hops != 64) return testing::AssertionFailure() << int{echo->hops} << " hops";
  return testing::AssertionSuccess();
}

testing::AssertionResult is_unreachable(const Caller& caller, std::uint32_t token, Status reason) {
  const auto frame = caller.frame();
  if (!frame || frame->type != FrameType::kUnreachable) return testing::AssertionFailure() << "not unreachable";
  if (frame->payload != static_cast<char>(reason) + wire::encode_token(token)) return testing::AssertionFailure() << "another one";
  return testing::AssertionSuccess();
}

Settings everything() {
  Settings settings = open_settings();
  for (const char* prefix : {"10.0.0.0/8", "fd00::/16"}) settings.rules[0].to.push_back(*net::Prefix::parse(prefix));
  return settings;
}

/// In a namespace where pings are allowed.
void with_pings(const std::function<void(const TestRelay&)>& what) {
  const bool is_root = in_own_network([&] {
    shell(kAllowPings);
    const TestRelay relay(everything());
    what(relay);
  });
  if (!is_root) GTEST_SKIP() << "needs root";
}

TEST(Ping, IsAnsweredWithWhatCameBack) {
  with_pings([](const TestRelay& relay) {
    for (const char* address : {"127.0.0.1", "::1"}) {
      const Caller caller = relay.call_for(Kind::kEcho, host(address));
      for (const std::size_t size : {std::size_t{56}, std::size_t{0}, std::size_t{1400}, std::size_t{65'507}}) {
        const std::string payload = noise(size, 3);
        ASSERT_TRUE(send_echo(caller, 0xdead0000 + static_cast<std::uint32_t>(size), payload));
        EXPECT_TRUE(replies(caller, 0xdead0000 + static_cast<std::uint32_t>(size), payload)) << address << " " << size;
      }
    }
  });
}

TEST(Ping, ManyAtOnceAreToldApart) {
  with_pings([](const TestRelay& relay) {
    const Caller one = relay.call_for(Kind::kEcho, host("127.0.0.1"));
    const Caller other = relay.call_for(Kind::kEcho, host("127.0.0.1"));
    for (std::uint32_t round = 0; round < 100; ++round) {
      for (std::uint32_t i = 0; i < 50; ++i) {
        ASSERT_TRUE(send_echo(one, round << 16 | i, "one" + std::to_string(i)));
        ASSERT_TRUE(send_echo(other, i, "other" + std::to_string(i)));
      }
      for (std::uint32_t i = 0; i < 50; ++i) {
        ASSERT_TRUE(replies(one, round << 16 | i, "one" + std::to_string(i)));
        ASSERT_TRUE(replies(other, i, "other" + std::to_string(i)));
      }
    }
  });
}

/// How many echo requests have come in here.
int requests() {
  std::ifstream file("/proc/thread-self/net/snmp");
  std::string names;
  std::string numbers;
  while (std::getline(file, names) && std::getline(file, numbers)) {
    std::istringstream name_words(names);
    std::istringstream number_words(numbers);
    for (std::string name, number; name_words >> name && number_words >> number;)
      if (name == "InEchos") return std::stoi(number);
  }
  return -1;
}

TEST(Ping, SilenceStaysSilence) {
  with_pings([](const TestRelay& relay) {
    shell("sysctl -q -w net.ipv4.icmp_echo_ignore_all=1");
    const Caller caller = relay.call_for(Kind::kEcho, host("127.0.0.1"));
    // More than are waited for.
    for (std::uint32_t i = 0; i < 200; ++i) ASSERT_TRUE(send_echo(caller, i, "anybody?"));
    ASSERT_TRUE(eventually([] { return requests() == 200; })) << requests();
    shell("sysctl -q -w net.ipv4.icmp_echo_ignore_all=0");
    ASSERT_TRUE(send_echo(caller, 1000, "now?"));
    EXPECT_TRUE(replies(caller, 1000, "now?")) << "and nothing before it";
  });
}

/// An echo reply from anybody, as only root can send one.
void forge_reply(const char* from, const net::Endpoint& to, std::uint16_t sequence) {
  const UniqueFd raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  sockaddr_storage storage;
  socklen_t size = host(from).to_sockaddr(storage);
  ASSERT_EQ(::bind(raw.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  icmphdr header{};
  header.type = ICMP_ECHOREPLY;
  header.un.echo.id = htons(to.port);  // a ping socket's port is its identifier
  header.un.echo.sequence = htons(sequence);
  header.checksum = static_cast<std::uint16_t>(~((header.un.echo.id + header.un.echo.sequence) % 0xffff));
  size = host(to.address.to_string().c_str()).to_sockaddr(storage);
  ASSERT_EQ(::sendto(raw.get(), &header, sizeof header, 0, reinterpret_cast<const sockaddr*>(&storage), size), 8);
}

TEST(Ping, ARepliesSourceIsLookedAt) {
  with_pings([](const TestRelay& relay) {
    shell("sysctl -q -w net.ipv4.icmp_echo_ignore_all=1");
    const Caller caller = relay.call();
    ASSERT_TRUE(caller.ask({.kind = Kind::kEcho, .target = host("127.0.0.1")}) && send_echo(caller, 1, "") && send_echo(caller, 2, ""));
    const auto answer = caller.answer();
    ASSERT_TRUE(answer && answer->local);
    ASSERT_TRUE(eventually([] { return requests() == 2; }));
    forge_reply("127.0.0.2", *answer->local, 1);
    forge_reply("127.0.0.1", *answer->local, 2);
    EXPECT_TRUE(replies(caller, 2, ""));
  });
}

/// A neighbour that does not answer, and a router that says so.
TEST(Ping, UnreachableStaysUnreachable) {
  with_pings([](const TestRelay& relay) {
    shell("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up &&"
          " sysctl -q -w net.ipv4.neigh.v0.mcast_solicit=1 net.ipv4.neigh.v0.retrans_time_ms=50"
          " net.ipv6.neigh.v0.mcast_solicit=1 net.ipv6.neigh.v0.retrans_time_ms=50 &&"
          " ip addr add 10.9.0.1/24 dev v0 && ip addr add fd00:9::1/64 dev v0 nodad");
    for (const char* address : {"10.9.0.2", "fd00:9::2"}) {
      const Caller caller = relay.call_for(Kind::kEcho, host(address));
      for (const std::uint32_t token : {7u, 8u}) {
        ASSERT_TRUE(send_echo(caller, token, "hello"));
        EXPECT_TRUE(is_unreachable(caller, token, Status::kHostUnreachable)) << address;
      }
    }
    shell("ip route add prohibit 10.8.0.0/16");
    const Caller caller = relay.call();
    ASSERT_TRUE(caller.ask({.kind = Kind::kEcho, .target = host("10.8.0.1")}));
    EXPECT_EQ(caller.answer()->status, Status::kProhibited);
  });
}

/// A firewall's refusal, with its own code.
TEST(Ping, AFirewallsRefusalIsToldAsOne) {
  with_pings([](const TestRelay& relay) {
    shell("iptables -A INPUT -p icmp --icmp-type echo-request -j REJECT --reject-with icmp-admin-prohibited &&"
          " ip6tables -A INPUT -p icmpv6 --icmpv6-type echo-request -j REJECT --reject-with icmp6-adm-prohibited");
    for (const char* address : {"127.0.0.1", "::1"}) {
      const Caller caller = relay.call_for(Kind::kEcho, host(address));
      ASSERT_TRUE(send_echo(caller, 9, "hello"));
      EXPECT_TRUE(is_unreachable(caller, 9, Status::kProhibited)) << address;
    }
  });
}

TEST(Ping, ATooShortFrameIsDropped) {
  with_pings([](const TestRelay& relay) {
    const Caller caller = relay.call_for(Kind::kEcho, host("::1"));
    ASSERT_TRUE(caller.send_datagram("abcd") && caller.send_datagram("") && send_echo(caller, 5, "x"));
    EXPECT_TRUE(replies(caller, 5, "x"));
  });
}

/// A system that lets nobody ping: the relay says so, in its features as well, until that changes.
TEST(Ping, IsUnsupportedWhereTheSystemForbidsIt) {
  const bool is_root = in_own_network([] {
    shell("sysctl -q -w net.ipv4.ping_group_range='1 0'");
    const TestRelay relay(everything());
    const auto status = [&relay](Kind kind) {
      const Caller caller = relay.call();
      EXPECT_TRUE(caller.ask({.kind = kind, .target = host("127.0.0.1")}));
      return *caller.answer();
    };
    EXPECT_EQ(status(Kind::kEcho).status, Status::kUnsupported);
    EXPECT_EQ(*status(Kind::kEcho).features & wire::kFeatureEcho, 0u);
    EXPECT_EQ(*status(Kind::kHello).features & wire::kFeatureEcho, 0u);
    shell(kAllowPings);
    EXPECT_EQ(status(Kind::kEcho).status, Status::kOk);
    EXPECT_NE(*status(Kind::kHello).features & wire::kFeatureEcho, 0u);
  });
  if (!is_root) GTEST_SKIP() << "needs root";
}

}  // namespace
}  // namespace dvpn::relay::test
