// SPDX-License-Identifier: GPL-2.0-or-later
#include "gate_site.h"

#include <gtest/gtest.h>

#include <regex>

namespace dvpn::lab {

std::uint64_t gate(const Site& site, const std::string& counter) {
  const Result status = dvpn(site, "status --json");
  std::smatch found;
  if (std::regex_search(status.out, found, std::regex("\"gate\":\\{.*?\"" + counter + "\": ?(\\d+)"))) return std::stoull(found[1]);
  ADD_FAILURE() << "no gate." << counter << " in " << status.out << status.err;
  return 0;
}

void wait_for_gate(const Site& site, const std::string& counter, std::uint64_t least) {
  wait_until([&] { return gate(site, counter) >= least; }, 10s, "gate." + counter + " to be " + std::to_string(least));
}

Silence::Silence(const Host& host, int port) : host_(host), port_(port) { change("-I INPUT 1"); }

void Silence::end() {
  if (!ended_) change("-D INPUT");
  ended_ = true;
}

void Silence::change(const std::string& how) const {
  const std::string rule = " -w 10 " + how + " -p tcp --syn --dport " + std::to_string(port_) + " -j DROP";
  EXPECT_EQ(host_.run("iptables" + rule + " && ip6tables" + rule).exit, 0);
}

Knock::Knock(const Host& host, const std::string& arguments)
    : process(host.start("tail -f /dev/null | " + source_folder() + "/tests/lab/lib/knock " + arguments)) {}

std::string Knock::line(Duration deadline) const {
  EXPECT_TRUE(process.wait_for_output("last after", deadline)) << process.err();
  return process.out();
}

}  // namespace dvpn::lab
