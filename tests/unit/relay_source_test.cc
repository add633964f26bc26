// SPDX-License-Identifier: GPL-2.0-or-later
// Client sources with real sockets: in a network namespace where 10.0.32.1 and fd00:32::1 are the site's, and what is for
// 10.0.31.0/24 and fd00:31::/64, the clients', comes back to the relay.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>

#include "relay/target_socket.h"
#include "relay_harness.h"
#include "wire/datagram.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using config::Source;
using wire::Kind;
using wire::Status;

struct Addresses {
  const char *site, *client, *other_client, *outside;
};
constexpr Addresses kFour{"10.0.32.1", "10.0.31.2", "10.0.31.3", "10.0.30.2"};
constexpr Addresses kSix{"fd00:32::1", "fd00:31::2", "fd00:31::3", "fd00:30::2"};

net::Endpoint at(const char* address, net::Port port) { return {*net::Address::parse(address), port}; }

Settings with_clients() {
  Settings settings;
  settings.rules = {{std::nullopt,
                     {*net::Prefix::parse("10.0.32.0/24"), *net::Prefix::parse("fd00:32::/64")},
                     {},
                     {},
                     Source::kClient,
                     {*net::Prefix::parse("10.0.31.0/24"), *net::Prefix::parse("fd00:31::/64"), *net::Prefix::parse("203.0.113.0/24")}}};
  settings.wan_addresses = {*net::Address::parse("203.0.113.7")};
  return settings;
}

class ClientSource : public testing::TestWithParam<int> {
 protected:
  const Addresses& a_ = GetParam() == 6 ? kSix : kFour;

  void in_site(const std::function<void()>& what) {
    const bool is_root = in_own_network([&] {
      shell("sysctl -q -w net.ipv4.ping_group_range='0 2147483647' &&"
            " ip addr add 10.0.32.1/24 dev lo && ip -6 addr add fd00:32::1/64 dev lo nodad &&"
            " ip rule add from 10.0.32.1 to 10.0.31.0/24 lookup 100 && ip route add local 10.0.31.0/24 dev lo table 100 &&"
            " ip -6 rule add from fd00:32::1 to fd00:31::/64 lookup 100 && ip -6 route add local fd00:31::/64 dev lo table 100 &&"
            // (the kernel makes an address of IPv6 its own a moment after it has taken it)
            " timeout 10 sh -c 'until ip -6 route show table local | grep -q \"^local fd00:32::1 \"; do sleep 0.01; done'");
      what();
    });
    if (!is_root) GTEST_SKIP() << "needs root";
  }
};

INSTANTIATE_TEST_SUITE_P(Families, ClientSource, testing::Values(4, 6), testing::PrintToStringParamName());

/// Asks for a flow in the client's name: the answer.
wire::Answer ask(const Caller& caller, Kind kind, const net::Endpoint& target, std::optional<net::Endpoint> client) {
  EXPECT_TRUE(caller.ask({.kind = kind, .target = target, .client = client}));
  return caller.answer().value_or(wire::Answer{.status = Status::kFailed});
}

net::Endpoint peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  EXPECT_EQ(::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size), 0);
  return net::Endpoint::from_sockaddr(storage).value_or(net::Endpoint());
}

TEST_P(ClientSource, IsWhatATcpTargetSees) {
  in_site([this] {
    const Target target(a_.site);
    const TestRelay relay(with_clients());
    const net::Endpoint client = at(a_.client, 40'000);
    const Caller caller = relay.call();
    const wire::Answer answer = ask(caller, Kind::kTcp, target.endpoint(), client);
    EXPECT_EQ(answer.status, Status::kOk);
    EXPECT_EQ(answer.local, client);
    const UniqueFd far = target.accept();
    EXPECT_EQ(peer_of(far.get()), client);
    ASSERT_TRUE(caller.send_data("hello") && write_all(far.get(), "hi"));
    EXPECT_EQ(read_exactly(far.get(), 5), "hello");
    EXPECT_EQ(caller.frame()->payload, "hi");
  });
}

TEST_P(ClientSource, ARefusalStaysOne) {
  in_site([this] {
    const net::Endpoint closed = Target(a_.site).endpoint();
    const TestRelay relay(with_clients());
    EXPECT_EQ(ask(relay.call(), Kind::kTcp, closed, at(a_.client, 40'000)).status, Status::kRefused);
    const Caller caller = relay.call();
    EXPECT_EQ(ask(caller, Kind::kUdp, closed, at(a_.client, 40'000)).status, Status::kOk);
    ASSERT_TRUE(caller.send_datagram("anybody?"));
    EXPECT_EQ(caller.frame()->type, wire::FrameType::kUnreachable);
  });
}

/// The client's connection from the same port to the same target lives on here: another port then.
TEST_P(ClientSource, TakesAnotherPortWhenThatIsTaken) {
  in_site([this] {
    const Target target(a_.site);
    const TestRelay relay(with_clients());
    const net::Endpoint client = at(a_.client, 40'000);
    const Caller first = relay.call();
    ASSERT_EQ(ask(first, Kind::kTcp, target.endpoint(), client).local, client);
    const UniqueFd first_far = target.accept();
    const Caller second = relay.call();
    const wire::Answer answer = ask(second, Kind::kTcp, target.endpoint(), client);
    EXPECT_EQ(answer.status, Status::kOk);
    EXPECT_EQ(answer.local->address, client.address);
    EXPECT_NE(answer.local->port, client.port);
    const UniqueFd second_far = target.accept();
    EXPECT_EQ(peer_of(second_far.get()), answer.local);
    // To another target the port is free, and another client has its own.
    const Target other(a_.site);
    const Caller third = relay.call();
    EXPECT_EQ(ask(third, Kind::kTcp, other.endpoint(), client).local, client);
    const Caller fourth = relay.call();
    EXPECT_EQ(ask(fourth, Kind::kTcp, target.endpoint(), at(a_.other_client, 40'000)).local, at(a_.other_client, 40'000));
    // One that the gateway itself listens on, everywhere.
    const Target everywhere(GetParam() == 6 ? "::" : "0.0.0.0");
    const Caller fifth = relay.call();
    const wire::Answer beside = ask(fifth, Kind::kTcp, other.endpoint(), at(a_.client, everywhere.endpoint().port));
    EXPECT_EQ(beside.status, Status::kOk);
    EXPECT_NE(beside.local->port, everywhere.endpoint().port);
  });
}

TEST_P(ClientSource, IsWhatAUdpTargetSees) {
  in_site([this] {
    const UdpTarget one(a_.site);
    const UdpTarget other(a_.site);
    const TestRelay relay(with_clients());
    const net::Endpoint client = at(a_.client, 40'000);
    const Caller to_one = relay.call();
    const Caller to_other = relay.call();
    EXPECT_EQ(ask(to_one, Kind::kUdp, one.endpoint(), client).local, client);
    EXPECT_EQ(ask(to_other, Kind::kUdp, other.endpoint(), client).local, client);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(to_one.send_datagram("one") && to_other.send_datagram("other"));
      EXPECT_EQ(one.receive()->from, client);
      EXPECT_EQ(other.receive()->from, client);
      ASSERT_TRUE(other.send("from other", client) && one.send("from one", client));
      EXPECT_EQ(to_one.frame()->payload, "from one");
      EXPECT_EQ(to_other.frame()->payload, "from other");
    }
  });
}

/// A gateway that was cut off and came back begins its flow again, while the old one is still there.
TEST_P(ClientSource, ANewFlowGetsTheAnswersOfAnOldOneOfTheSameTuple) {
  in_site([this] {
    const UdpTarget target(a_.site);
    const TestRelay relay(with_clients());
    const net::Endpoint client = at(a_.client, 40'000);
    const Caller old = relay.call();
    EXPECT_EQ(ask(old, Kind::kUdp, target.endpoint(), client).local, client);
    const Caller fresh = relay.call();
    const wire::Answer answer = ask(fresh, Kind::kUdp, target.endpoint(), client);
    EXPECT_EQ(answer.status, Status::kOk);
    ASSERT_TRUE(fresh.send_datagram("question"));
    const auto came = target.receive();
    ASSERT_TRUE(came);
    EXPECT_EQ(came->from, answer.local);
    ASSERT_TRUE(target.send("answer", came->from));
    EXPECT_EQ(fresh.frame()->payload, "answer");
  });
}

TEST_P(ClientSource, PingsInTheClientsName) {
  in_site([this] {
    const TestRelay relay(with_clients());
    const Caller caller = relay.call();
    const wire::Answer answer = ask(caller, Kind::kEcho, at(a_.site, 0), at(a_.client, 40'000));
    EXPECT_EQ(answer.status, Status::kOk);
    EXPECT_EQ(answer.local->address, *net::Address::parse(a_.client));
    const auto header = wire::encode_echo_header(7, 0);
    ASSERT_TRUE(caller.send_datagram(std::string(header.data(), header.size()) + "ping"));
    EXPECT_EQ(wire::decode_echo(caller.frame()->payload)->payload, "ping");
  });
}

TEST_P(ClientSource, OnlyOfClientsThatTheAccountMaySpeakFor) {
  in_site([this] {
    const Target target(a_.site);
    const TestRelay relay(with_clients());
    const auto asked_as = [&](std::optional<net::Endpoint> client) {
      return ask(relay.call(), Kind::kTcp, target.endpoint(), client).status;
    };
    EXPECT_EQ(asked_as(at(a_.client, 40'000)), Status::kOk);
    EXPECT_EQ(asked_as(std::nullopt), Status::kProhibited);
    EXPECT_EQ(asked_as(at(a_.outside, 40'000)), Status::kProhibited);
    EXPECT_EQ(asked_as(at(a_.site, 40'000)), Status::kProhibited);
    EXPECT_EQ(asked_as(at(GetParam() == 6 ? kFour.client : kSix.client, 40'000)), Status::kProhibited) << "of the other family";
    EXPECT_EQ(asked_as(at("203.0.113.7", 40'000)), Status::kProhibited) << "that is the gateway itself";
  });
}

/// A child that was taken over may send its parent anything.
TEST_P(ClientSource, TheParentBindsNothingElseAndSurvivesNonsense) {
  in_site([this] {
    auto pair = make_source_pair();
    ASSERT_TRUE(pair);
    const int child = pair->child.get();
    SourceBinder binder(std::move(pair->parent));
    ASSERT_TRUE(binder.allow(with_clients()));
    SourceAsker asker(UniqueFd(::dup(child)));
    const std::size_t before = open_descriptors();
    const auto verdict = [&](int fd, const net::Endpoint& source) {
      EXPECT_NE(asker.ask(fd, source), 0u);
      binder.serve();
      return asker.next().value_or(SourceAsker::Answer{0, -1}).error;
    };
    const auto family = GetParam() == 6 ? net::Family::kIPv6 : net::Family::kIPv4;
    const auto fresh = [&] { return make_target_socket(config::Protocol::kUdp, family); };
    EXPECT_EQ(verdict(fresh().get(), at(a_.client, 4000)), 0);
    EXPECT_EQ(verdict(fresh().get(), at(a_.outside, 4000)), EACCES);
    EXPECT_EQ(verdict(fresh().get(), at(a_.site, 4000)), EACCES);
    EXPECT_EQ(verdict(fresh().get(), at("203.0.113.7", 4000)), EACCES);
    EXPECT_NE(verdict(STDERR_FILENO, at(a_.client, 4000)), 0) << "that is no socket";
    EXPECT_NE(verdict(child, at(a_.client, 4000)), 0) << "that is no socket of an IP family";
    const UniqueFd bound = fresh();
    EXPECT_EQ(verdict(bound.get(), at(a_.client, 4001)), 0);
    EXPECT_NE(verdict(bound.get(), at(a_.client, 4002)), 0) << "it has an address already";
    for (const std::string& nonsense : {std::string("x"), std::string(32, '\0'), std::string(1000, '\xff')}) {
      ASSERT_EQ(::send(child, nonsense.data(), nonsense.size(), 0), static_cast<ssize_t>(nonsense.size()));
      binder.serve();
      EXPECT_EQ(asker.next().value().error, EINVAL);
    }
    // Two descriptors where one belongs.
    int fds[2] = {bound.get(), bound.get()};
    char control[CMSG_SPACE(sizeof fds)] = {};
    char body[32] = {};
    iovec from = {body, sizeof body};
    msghdr message{};
    message.msg_iov = &from;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    std::memcpy(CMSG_DATA(header), fds, sizeof fds);
    ASSERT_EQ(::sendmsg(child, &message, 0), static_cast<ssize_t>(sizeof body));
    binder.serve();
    EXPECT_EQ(asker.next().value().error, EINVAL);
    EXPECT_EQ(open_descriptors(), before + 1) << "the bound one of this test";
    // A configuration without client sources ends it.
    ASSERT_TRUE(binder.allow(open_settings()));
    EXPECT_EQ(verdict(fresh().get(), at(a_.client, 4000)), EACCES);
  });
}

TEST_P(ClientSource, AParentThatDoesNotAnswerEndsTheFlowAndNotTheRelay) {
  in_site([this] {
    Settings settings = with_clients();
    settings.connect_timeout = 200ms;
    settings.rules.push_back({std::nullopt, {*net::Prefix::parse("127.0.0.1")}, {}});
    const Target target("127.0.0.1");
    const TestRelay relay(settings, TestRelay::Parent::kIsSilent);
    EXPECT_EQ(ask(relay.call(), Kind::kTcp, at(a_.site, 80), at(a_.client, 40'000)).status, Status::kFailed);
    {
      const Caller gone = relay.call();
      EXPECT_TRUE(gone.ask({.kind = Kind::kTcp, .target = at(a_.site, 80), .client = at(a_.client, 1)}));
    }
    // Answers for those come too late, and a question of now is answered all the same.
    const UdpTarget udp(a_.site);
    const Caller late = relay.call();
    ASSERT_TRUE(late.ask({.kind = Kind::kUdp, .target = udp.endpoint(), .client = at(a_.client, 40'000)}));
    EXPECT_TRUE(eventually([&] {
      relay.answer_sources(settings);
      return read_exactly(late.fd(), 1, 5ms) == "\x01";
    }));
    // More than fit between the two.
    std::vector<Caller> many;
    for (int i = 0; i < 900; ++i) {
      many.push_back(relay.call());
      ASSERT_TRUE(many.back().ask({.kind = Kind::kUdp, .target = at(a_.site, 80), .client = at(a_.client, 1)}));
      if (i % 100 == 99) many.clear();
    }
    EXPECT_EQ(ask(relay.call(), Kind::kTcp, target.endpoint(), {}).status, Status::kOk);
  });
}

}  // namespace
}  // namespace dvpn::relay::test
