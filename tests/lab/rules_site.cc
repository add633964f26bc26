// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules_site.h"

#include <gtest/gtest.h>

#include <utility>

namespace dvpn::lab {

std::string Dump::text() const {
  std::string text = "dvpn-rules 1\nrole " + role + "\nport 9040\ngate " + gate + "\nqueue 9040\ndatagram-queue 9041\nping-queue 9042\nnew-per-client " + new_per_client + "\nmark " + mark + "\nset " + set + "\n" + (lan.empty() ? "" : "lan " + lan + "\n") + "wan wan0\nsshd-port 22\nmasquerade " +
                     masquerade + "\nreject-smb " + reject_smb +
                     "\ndaemon-account dvpnd\nrelay-account dvpn-relay\npeers-group dvpn-peers\n";
  for (const auto& network : networks) text += "network " + network + "\n";
  for (const auto& prefix : prefixes) text += "prefix " + prefix + "\n";
  return text;
}

RulesSite::RulesSite(const Lab& lab, const std::string& site, std::string variant)
    : gateway_(lab.host(site + ".gw")), variant_(std::move(variant)) {}

Result RulesSite::rules(const std::string& command, const std::string& dump) const {
  return gateway_.run(source_folder() + "/rules/dvpn-rules --variant " + variant_ + " --dump - " + command +
                      " <<'END_OF_DUMP'\n" + dump + "END_OF_DUMP\n");
}

void RulesSite::install(const Dump& dump) const {
  const Result result = rules("install", dump.text());
  EXPECT_EQ(result.exit, 0) << result.err;
}

void RulesSite::iptables(const std::string& arguments, int family) const {
  const std::string tool = family == 6 ? "ip6tables-" : "iptables-";
  const Result result = gateway_.run(tool + variant_ + " -w 10 " + arguments);
  EXPECT_EQ(result.exit, 0) << arguments << ": " << result.err;
}

std::string RulesSite::save() const {
  // (a table that iptables-nft was once asked about stays behind, empty)
  const std::string clean =
      R"( | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' | awk '/^\*/ { t = ""; used = 0 } { t = t $0 "\n" } )"
      R"(/^-A/ || /^:[^ ]+ (-|DROP)/ { used = 1 } /^COMMIT/ && used { all[++n] = t } END { for (i = 1; i <= n; i++) printf "%s", all[i] | "cat" }')";
  return "IPv4\n" + gateway_.run("iptables-" + variant_ + "-save" + clean).out + "IPv6\n" +
         gateway_.run("ip6tables-" + variant_ + "-save" + clean).out;
}

std::string RulesSite::everything() const {
  return save() + gateway_.run("ipset list -sorted | grep -v '^Size in memory\\|^Header'; ip route; ip -6 route; ip route show table 7980; ip -6 route show table 7980; ip route show table 7981; ip -6 route show table 7981; ip rule; ip -6 rule; sysctl -a 2>/dev/null | grep forwarding").out;
}

Result fetch(const Host& from, const std::string& address, int port, const std::string& as) {
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  const std::string account = as.empty() ? "" : "setpriv --reuid " + as + " --regid $(id -g " + as + ") --init-groups ";
  return from.run(account + "curl -s -m 1 'http://" + host + ":" + std::to_string(port) + "/'");
}

}  // namespace dvpn::lab
