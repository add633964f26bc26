// SPDX-License-Identifier: GPL-2.0-or-later
#include "ping_site.h"

#include <regex>

namespace dvpn::lab {

namespace {

Shared<Lab> lab([] {
  lab.make(two_sites("link b delay 25ms\nsite c networks 10.0.33.0/24 fd00:33::/64 wan 203.0.113.3 2001:db8::3 hosts 1\n"));
  lab->step("install");
  const Site a = lab->site("a"), b = lab->site("b");
  EXPECT_EQ(run_here("sed -i -e '/gw.c/s/$/ via=direct/' " + a.path("etc/hosts")).exit, 0);
  configure(a, "limits", "ping_flows_per_client: 20");
  for (const char* line : {"backoff_min: 100ms", "backoff_max: 200ms"}) configure(a, "ssh", line);
  b.write("etc/relay.yaml", b.read("etc/relay.yaml") + "access: [{account: dvpn, to: [10.0.32.0/25, \"fd00:32::/120\"]}]\n");
  lab->host("b.gw").run("sysctl -q net.ipv4.neigh.lan0.mcast_solicit=1 net.ipv6.neigh.lan0.mcast_solicit=1");
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

constexpr PingFamily kFour{.number = 4,
                           .far = "10.0.32.2",
                           .second = "10.0.32.3",
                           .dead = "10.0.32.99",
                           .forbidden = "10.0.32.200",
                           .direct = "10.0.33.2",
                           .unreachable = "Destination Host Unreachable",
                           .prohibited = "Packet filtered",
                           .no_network = "Destination Net Unreachable",
                           .time_exceeded = "From 10.0.31.1 icmp_seq=1 Time to live exceeded"};
constexpr PingFamily kSix{.number = 6,
                          .far = "fd00:32::2",
                          .second = "fd00:32::3",
                          .dead = "fd00:32::63",
                          .forbidden = "fd00:32::200",
                          .direct = "fd00:33::2",
                          .unreachable = "Address unreachable",
                          .prohibited = "Administratively prohibited",
                          .no_network = "No route",
                          .time_exceeded = "From fd00:31::1 icmp_seq=1 Time exceeded: Hop limit"};

}  // namespace

Lab& ping_lab() { return *lab; }

std::uint64_t ping_counter(const std::string& counter) {
  const Result status = dvpn(lab->site("a"), "status --json");
  std::smatch found;
  if (std::regex_search(status.out, found, std::regex("\"ping\":\\{.*?\"" + counter + "\": ?(\\d+)"))) return std::stoull(found[1]);
  ADD_FAILURE() << "no ping." << counter << " in " << status.out << status.err;
  return 0;
}

std::vector<double> times(const std::string& output) {
  std::vector<double> found;
  const std::regex time("icmp_seq=(\\d+) ttl=\\d+ time=([0-9.]+) ms");
  for (std::sregex_iterator at(output.begin(), output.end(), time), end; at != end; ++at) {
    EXPECT_EQ(std::stoul((*at)[1]), found.size() + 1) << output;
    found.push_back(std::stod((*at)[2]));
  }
  return found;
}

void PingSilence::change(const std::string& how) const {
  const std::string rule = how + " INPUT -p ";
  EXPECT_EQ(host_.run("iptables -w 10 " + rule + "icmp --icmp-type 8 -j DROP && ip6tables -w 10 " + rule + "ipv6-icmp --icmpv6-type 128 -j DROP").exit, 0);
}

Ping::Ping() : f_(GetParam() == 6 ? kSix : kFour) {}

std::vector<Host> Ping::clients() const { return {ping_lab().host("a.h1"), a_.gateway()}; }

Result Ping::ping(const Host& from, const std::string& arguments) const {
  return from.run("ping -" + std::to_string(f_.number) + " -n " + arguments, 60s);
}

}  // namespace dvpn::lab
