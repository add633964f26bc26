// SPDX-License-Identifier: GPL-2.0-or-later
//
// What happens to the way between the sites: it is cut, loses, delays, re-orders, becomes narrower, or leads to another address.
#include <csignal>
#include <stdexcept>

#include "phases.h"

namespace dvpn::lab {

namespace {

constexpr Fault::Ends kServed{"whole", "whole", "whole", "whole", "whole"};
// A session that was silent for long is given up.
constexpr Fault::Ends kGivenUp{"whole|refused|unreachable|cut", "cut|whole", "cut", "cut|whole", "cut|whole"};

void must(const Host& host, const std::string& command) {
  const Result result = host.run(command);
  if (result.exit != 0) throw std::runtime_error(command + ": " + result.err);
}

void pull_the_cable(PhaseLab& scene) { must(scene.wan(), "ip link set dev b down"); }
void put_it_back(PhaseLab& scene) {
  must(scene.wan(), "ip link set dev b up && ip addr replace fe80::1/64 dev b nodad && ip route replace 203.0.113.2 dev b && ip -6 route replace 2001:db8::2 dev b");
}

auto dropping(const char* which) {
  return [which](PhaseLab& scene) {
    must(scene.wan(), std::string("for i in iptables ip6tables; do $i -w 10 -I FORWARD 1 ") + which + " -j DROP; done");
  };
}
void drop_no_more(PhaseLab& scene) { must(scene.wan(), "for i in iptables ip6tables; do $i -w 10 -D FORWARD 1; done"); }

/// Packets to and from b go through a delay line.
auto through_a_line(const char* options) {
  return [options](PhaseLab& scene) {
    scene.kept.push_back(scene.wan().start(std::string("exec ") + DVPN_LAB_DELAY_LINE + " 70 71 " + options));
    if (!scene.kept.back().wait_for_output("ready")) throw std::runtime_error("delay line: " + scene.kept.back().err());
    must(scene.wan(), "for i in iptables ip6tables; do $i -w 10 -A FORWARD -i b -j NFQUEUE --queue-num 70 --queue-bypass; "
                      "$i -w 10 -A FORWARD -o b -j NFQUEUE --queue-num 71 --queue-bypass; done");
  };
}
void line_away(PhaseLab& scene) {
  must(scene.wan(), "for i in iptables ip6tables; do $i -w 10 -F FORWARD; done");
  scene.kept.clear();  // (what waited in it is lost, and sent again)
}

void narrow(PhaseLab& scene) { must(scene.wan(), "ip link set dev b mtu 1280 && ip link set dev a mtu 1280"); }
void narrow_and_mute(PhaseLab& scene) {
  must(scene.wan(), "iptables -w 10 -I OUTPUT 1 -p icmp --icmp-type fragmentation-needed -j DROP && ip6tables -w 10 -I OUTPUT 1 -p icmpv6 --icmpv6-type packet-too-big -j DROP");
  narrow(scene);
}
void wide(PhaseLab& scene) { must(scene.wan(), "ip link set dev b mtu 1500 && ip link set dev a mtu 1500"); }
void wide_and_loud(PhaseLab& scene) {
  wide(scene);
  must(scene.wan(), "iptables -w 10 -D OUTPUT 1 && ip6tables -w 10 -D OUTPUT 1");
}

/// b has other addresses, and its names lead there.
void move_b(PhaseLab& scene) {
  must(scene.lab().host("b.gw"), "ip addr add 203.0.113.22/32 dev wan0 && ip addr add 2001:db8::22/128 dev wan0 nodad && ip addr del 203.0.113.2/32 dev wan0 && ip addr del 2001:db8::2/128 dev wan0");
  must(scene.wan(), "ip route add 203.0.113.22 dev b && ip -6 route add 2001:db8::22 dev b");
  must(scene.lab().host("b.gw"), "ip route replace default via 192.0.0.1 dev wan0 onlink && ip -6 route replace default via fe80::1 dev wan0");
  const std::string hosts = "/etc/netns/dvpnlab-" + scene.lab().id() + "-a.gw/hosts";
  // (in place: it is bound into the daemon's namespace)
  run_here("text=$(sed -e 's/^203.0.113.2 gw4/203.0.113.22 gw4/' -e 's/^2001:db8::2 gw6/2001:db8::22 gw6/' " + hosts + "); echo \"$text\" >" + hosts);
}
void move_it_back(PhaseLab& scene) {
  must(scene.lab().host("b.gw"), "ip addr add 203.0.113.2/32 dev wan0 && ip addr add 2001:db8::2/128 dev wan0 nodad && ip addr del 203.0.113.22/32 dev wan0 && ip addr del 2001:db8::22/128 dev wan0");
  must(scene.lab().host("b.gw"), "ip route replace default via 192.0.0.1 dev wan0 onlink && ip -6 route replace default via fe80::1 dev wan0");
  const std::string hosts = "/etc/netns/dvpnlab-" + scene.lab().id() + "-a.gw/hosts";
  run_here("text=$(sed -e 's/^203.0.113.22 gw4/203.0.113.2 gw4/' -e 's/^2001:db8::22 gw6/2001:db8::2 gw6/' " + hosts + "); echo \"$text\" >" + hosts);
  end(scene.a(), "dvpnd", SIGTERM);
  start(scene.lab(), "a", "daemon");
}
/// It stays where it is now: new connections have to find it there.
void leave_it_there(PhaseLab&) {}

}  // namespace

std::vector<Fault> path_faults() {
  const Duration given_up = phases_are_long() ? 75s : 12s;  // keepalives, and trying again
  return {
      {"cable_pulled_for_a_second", 1200ms, pull_the_cable, put_it_back, kServed, 15s},
      {"cable_pulled_for_ten_seconds", 10s, pull_the_cable, put_it_back, {"whole|refused|unreachable", "whole", "whole", "whole", "whole"}, 60s, 15s, Fault::When::kLongOnly},
      {"cable_pulled_for_two_minutes", 120s, pull_the_cable, put_it_back, kGivenUp, 80s, 15s, Fault::When::kLongOnly},
      {"one_packet_in_twenty_lost", 2s, dropping("-m statistic --mode random --probability 0.05"), drop_no_more, kServed, 20s},
      {"packets_delayed_100_ms", 2s, through_a_line("delay=100"), line_away, kServed, 20s},
      {"packets_reordered", 2s, through_a_line("delay=5 jitter=20"), line_away, kServed, 20s},
      {"path_mtu_shrunk", 1500ms, narrow, wide, kServed, 15s},
      {"path_mtu_shrunk_in_silence", 1500ms, narrow_and_mute, wide_and_loud, kServed, 20s},
      // (it can send from the address that it had: an answer that fits a window arrives)
      {"far_address_changes", 0ms, move_b, leave_it_there, {kGivenUp.opening, kGivenUp.first, kGivenUp.bulk, "cut|whole", kGivenUp.closing}, given_up, given_up, Fault::When::kAlways, move_it_back},
  };
}

}  // namespace dvpn::lab
