// SPDX-License-Identifier: GPL-2.0-or-later
// The checks of what the kernel has and how it is set, from /proc. That it has every match and target that the rules need, dvpn-rules
// finds out by trying them (check_rules).
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/units.h"
#include "cli/check.h"
#include "config/file.h"
#include "table/words.h"

namespace dvpn::cli {

namespace {

std::optional<std::string> read(const CheckFacts& facts, const std::string& below) {
  auto content = config::read_file(facts.proc + '/' + below);
  if (!content) return std::nullopt;
  content->resize(content->find_last_not_of(" \n") + 1);
  return *content;
}

std::optional<std::uint64_t> number(const CheckFacts& facts, const std::string& below) {
  const auto content = read(facts, below);
  return content ? parse_unsigned(*content) : std::nullopt;
}

constexpr const char* kSysctl = " in /etc/sysctl.d/, then sysctl --system";

}  // namespace

void check_queue(const CheckFacts& facts, Findings& findings) {
  if (facts.site.config.intercept.gate != config::Gate::kHold) return findings.ok("not needed: intercept.gate is accept-first");
  if (read(facts, "net/netfilter/nfnetlink_queue")) return findings.ok("the kernel has netfilter queues");
  findings.failed("the kernel has no netfilter queues: connections cannot be held until the far side has answered",
                  "modprobe nfnetlink_queue, and name it in /etc/modules; or intercept.gate: accept-first");
}

void check_forwarding(const CheckFacts& facts, Findings& findings) {
  const auto& config = facts.site.config;
  if (config.rules.role == config::Role::kLeaf || config.site.lan.empty()) return findings.ok("not needed: this machine carries its own traffic alone");
  const auto has = [&](net::Family family) {
    return std::ranges::any_of(config.site.networks, [&](const net::Prefix& network) { return network.family() == family; });
  };
  std::vector<std::string> off;
  if (has(net::Family::kIPv4) && number(facts, "sys/net/ipv4/ip_forward") != 1u) off.push_back("net.ipv4.ip_forward");
  if (has(net::Family::kIPv6) && number(facts, "sys/net/ipv6/conf/all/forwarding") != 1u) off.push_back("net.ipv6.conf.all.forwarding");
  for (const std::string& name : off)
    findings.warning(text(name, " is not 1: hosts of the LAN get no further than this gateway but through dvpn, and what is refused is silence to them"), text(name, " = 1", kSysctl));
  if (off.empty()) findings.ok("packets are forwarded");
}

/// Strict filtering (1) drops what comes in by another interface than answers would leave by. The larger of "all" and the interface's own
/// counts (the kernel's ip-sysctl.rst).
void check_reverse_path(const CheckFacts& facts, Findings& findings) {
  const auto& wan = facts.site.config.site.wan;
  if (wan.size() < 2) return findings.ok("one interface faces the Internet: its filter makes no difference");
  const auto all = number(facts, "sys/net/ipv4/conf/all/rp_filter").value_or(0);
  for (const std::string& name : wan)
    if (std::max(all, number(facts, text("sys/net/ipv4/conf/", name, "/rp_filter")).value_or(0)) == 1)
      return findings.warning(text("rp_filter is strict on ", name, ": packets of other sites' gateways that come in by another WAN interface than answers leave by are dropped"),
                              text("net.ipv4.conf.", name, ".rp_filter = 2", kSysctl));
  findings.ok("rp_filter is not strict on the WAN");
}

void check_pings(const CheckFacts& facts, Findings& findings) {
  const auto range = read(facts, "sys/net/ipv4/ping_group_range");
  const bool none = range && range->starts_with("1\t0");
  if (none)
    return findings.warning("net.ipv4.ping_group_range lets nobody ping: dvpn-relay cannot ping hosts of this site for others",
                            text("net.ipv4.ping_group_range = 0 2147483647", kSysctl));
  findings.ok("the relay may ping");
}

void check_conntrack(const CheckFacts& facts, Findings& findings) {
  const auto most = number(facts, "sys/net/netfilter/nf_conntrack_max");
  if (!most) return findings.warning("connections are not tracked yet", "dvpn-rules install loads what does it (nf_conntrack)");
  const auto& limits = facts.site.config.limits;
  const std::uint64_t wanted = std::uint64_t{limits.flows} + limits.udp_flows + facts.site.relay.limits.flows;
  const std::uint64_t used = number(facts, "sys/net/netfilter/nf_conntrack_count").value_or(0);
  if (*most < wanted)
    return findings.warning(text("nf_conntrack_max is ", *most, ", and limits.flows and limits.udp_flows of both configurations add up to ", wanted),
                            text("net.netfilter.nf_conntrack_max = ", wanted * 2, kSysctl, "; or lower limits"));
  if (used > *most / 10 * 9) return findings.warning(text(used, " of ", *most, " tracked connections are in use"), text("net.netfilter.nf_conntrack_max = ", *most * 2, kSysctl));
  findings.ok(text("room for ", *most, " tracked connections"));
}

void check_descriptors(const CheckFacts& facts, Findings& findings) {
  if (!facts.status) return findings.warning("not known: dvpnd does not run", "start it, and check again");
  const auto pid = facts.status->find("pid");
  const auto limits = pid == facts.status->end() ? std::nullopt : read(facts, text(pid->dump(), "/limits"));
  constexpr std::string_view kName = "Max open files";
  const std::size_t at = limits ? limits->find(kName) : std::string::npos;
  if (at == std::string::npos) return findings.warning("the limits of dvpnd's process cannot be read", "be root of its namespace");
  const auto soft = parse_unsigned(table::Words(std::string_view(*limits).substr(at + kName.size())).front());
  constexpr std::uint64_t kOther = 1024;
  const std::uint64_t wanted = std::uint64_t{facts.site.config.limits.flows} + facts.site.config.limits.udp_flows + kOther;
  if (soft && *soft < wanted)  // (no number: unlimited)
    return findings.warning(text("dvpnd may open ", *soft, " descriptors, and limits.flows and limits.udp_flows need ", wanted),
                            "raise LimitNOFILE (systemctl edit dvpnd), or lower the limits");
  findings.ok(text("dvpnd may open ", soft ? std::to_string(*soft) : std::string("any number of"), " descriptors"));
}

}  // namespace dvpn::cli
