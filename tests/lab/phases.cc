// SPDX-License-Identifier: GPL-2.0-or-later
#include "phases.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace dvpn::lab {

namespace {

constexpr const char* kCounted = "-m comment --comment leak";

void write_shift(const std::string& path, std::int64_t seconds) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
}

}  // namespace

bool phases_are_long() { return std::getenv("DVPN_PHASE_LONG") != nullptr; }

PhaseLab::PhaseLab() : lab_(two_sites()) {
  lab_.step("install");
  name_the_gateways();
  for (const char* line : {"backoff_min: 100ms", "backoff_max: 500ms", "connect_timeout: 2s", "settle_time: 1s"}) configure(a(), "ssh", line);
  if (!phases_are_long())
    for (const char* line : {"keepalive: 1s", "keepalive_misses: 3"}) configure(a(), "ssh", line);
  // The daemon with a wall clock that can be shifted.
  clock_ = "/run/dvpn-lab/" + lab_.id() + "/clock";
  std::ofstream(clock_) << std::string(8, '\0');
  // (beside the sites: by what is in a path it is known whose a process is)
  const std::string bin = "/run/dvpn-lab/" + lab_.id() + "/bin";
  run_here("mkdir " + bin);
  std::ofstream(bin + "/dvpnd") << "#!/bin/sh\nexec env LD_PRELOAD=\"" DVPN_LAB_CLOCK_SHIFT " $LD_PRELOAD\" CLOCK_SHIFT_FILE=" << clock_ << " " DVPN_LAB_DVPND " \"$@\"\n";
  run_here("chmod 755 " + bin + "/dvpnd");
  setenv("DVPN_LAB_DVPND", (bin + "/dvpnd").c_str(), 1);
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab_.step(step);
  wan().run(std::string("iptables -w 10 -t mangle -A PREROUTING -d ") + kElsewhere + " -j RETURN");
  for (const auto& [tool, networks] : {std::pair{"iptables", "10.0.31.0/24 10.0.32.0/24"}, std::pair{"ip6tables", "fd00:31::/64 fd00:32::/64"}})
    wan().run(std::string("for n in ") + networks + "; do for d in -s -d; do " + tool + " -w 10 -t mangle -A PREROUTING $d $n " + kCounted + "; done; done");
  wan().run("sysctl -qw net.ipv6.conf.b.keep_addr_on_down=1");
}

/// a's table names b's gateway, so that its address can change.
void PhaseLab::name_the_gateways() const {
  const std::string etc = "/etc/netns/dvpnlab-" + lab_.id() + "-a.gw/hosts";
  EXPECT_EQ(run_here("cd " + a().path("etc") + " && sed -i -e 's/#! 203.0.113.2 /#! gw4.b.example /' -e 's/#! \\[2001:db8::2\\]:22 /#! gw6.b.example:22 /' hosts && "
                     "sed -n -e 's/^203.0.113.2 /gw4.b.example /p' -e 's/^2001:db8::2 /gw6.b.example /p' known_hosts >more && cat more >>known_hosts && "
                     "printf '203.0.113.2 gw4.b.example\\n2001:db8::2 gw6.b.example\\n' >>" + etc).exit, 0);
}

void PhaseLab::shift_clock(std::chrono::seconds by) const { write_shift(clock_, by.count()); }

std::uint64_t PhaseLab::leaked() {
  const std::string counted =
      wan().run("{ iptables -w 10 -t mangle -nvxL PREROUTING; ip6tables -w 10 -t mangle -nvxL PREROUTING; } | awk '/leak/ { sum += $1 } END { print sum + 0 }'").out;
  const std::uint64_t now = std::stoull("0" + counted), since = now - leaked_before_;
  leaked_before_ = now;
  return since;
}

}  // namespace dvpn::lab
