// SPDX-License-Identifier: GPL-2.0-or-later
#include "udp_site.h"

#include <gtest/gtest.h>

#include <regex>

#include "site_daemon.h"

namespace dvpn::lab {

std::uint64_t udp_counter(const Site& site, const std::string& counter) {
  const Result status = dvpn(site, "status --json");
  std::smatch found;
  if (std::regex_search(status.out, found, std::regex("\"udp\":\\{.*?\"" + counter + "\": ?(\\d+)"))) return std::stoull(found[1]);
  ADD_FAILURE() << "no udp." << counter << " in " << status.out << status.err;
  return 0;
}

namespace {
std::string script(const std::string& words) { return source_folder() + "/tests/lab/lib/datagrams " + words; }
}  // namespace

Result datagrams(const Host& host, const std::string& verb, const std::string& address, int port, const std::string& rest) {
  return host.run(script(verb + " " + address + " " + std::to_string(port) + " " + rest), 60s);
}

Process serve_datagrams(const Host& host, const std::string& address, int port) {
  Process server = host.start("exec " + script("serve " + address + " " + std::to_string(port)));
  EXPECT_TRUE(server.wait_for_output("ready", 10s)) << server.err();
  return server;
}

Resolver::Resolver(const Host& host, const std::string& address)
    : process_(host.start("exec dnsmasq -k --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces --listen-address=" + address +
                          " --address=/a.test/192.0.2.7 --txt-record=long.test," + std::string(125, 'x') + "," + std::string(122, 'y'))) {
  wait_until([&] { return !host.run("ss -Hlun 'sport = :53'").out.empty(); }, 10s, "dnsmasq: " + process_.err());
}

std::string dig(const std::string& address) { return "dig +tries=1 +time=5 @" + address + " "; }

Capture::Capture(const Host& host, const std::string& filter) : process_(host.start("exec tcpdump -lni any '" + filter + "'")) {
  EXPECT_TRUE(process_.wait_for_output("listening on", 10s)) << process_.err();
}

bool Capture::saw(const std::string& words) const { return process_.wait_for_output(words, 3s); }

}  // namespace dvpn::lab
