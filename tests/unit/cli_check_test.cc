// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn check`: the checks that look at files and at /proc, in folders that the test makes; and how findings are shown.
#include "cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace dvpn::cli {
namespace {

using ::testing::HasSubstr;

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    char form[] = "/tmp/dvpn-check-XXXXXX";
    folder_ = ::mkdtemp(form);
    facts_.proc = folder_;
    facts_.site.files = site_files(folder_ + "/dvpnd.yaml", folder_ + "/sshd_config");
    facts_.site.config.site = {.networks = {*net::Prefix::parse("10.0.31.0/24"), *net::Prefix::parse("fd00:31::/64")}, .lan = {"lan0"}, .wan = {"wan0"}, .name = "", .gateways = {}};
    facts_.site.relay.networks = facts_.site.config.site.networks;
    facts_.site.config.ssh.known_hosts = folder_ + "/known_hosts";
  }
  ~CheckTest() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& below, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + '/' + below).parent_path());
    std::ofstream(folder_ + '/' + below) << content;
  }
  void table(const std::string& content) {
    Diagnostics diagnostics("hosts");
    facts_.table = table::Table::parse(content, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  }
  /// "ok", or the state, the text and the remedy of the last finding.
  std::string run(Check check) {
    Findings findings;
    findings.begin("it");
    check(facts_, findings);
    EXPECT_FALSE(findings.all().empty());
    const Finding& last = findings.all().back();
    if (last.state == Finding::State::kOk) return "ok";
    EXPECT_FALSE(last.remedy.empty());
    return (last.state == Finding::State::kWarning ? "warning: " : "failed: ") + last.text + " | " + last.remedy;
  }

  std::string folder_;
  CheckFacts facts_;
};

TEST_F(CheckTest, Networks) {
  EXPECT_EQ(run(check_networks), "ok");
  std::swap(facts_.site.relay.networks[0], facts_.site.relay.networks[1]);
  EXPECT_EQ(run(check_networks), "ok");
  facts_.site.relay.networks.pop_back();
  EXPECT_THAT(run(check_networks), HasSubstr("failed: dvpnd.yaml says 10.0.31.0/24 fd00:31::/64, relay.yaml says fd00:31::/64"));
}

TEST_F(CheckTest, Queue) {
  EXPECT_THAT(run(check_queue), HasSubstr("modprobe nfnetlink_queue"));
  put("net/netfilter/nfnetlink_queue", "");
  EXPECT_EQ(run(check_queue), "ok");
}

TEST_F(CheckTest, Forwarding) {
  put("sys/net/ipv4/ip_forward", "1\n");
  put("sys/net/ipv6/conf/all/forwarding", "0\n");
  EXPECT_THAT(run(check_forwarding), HasSubstr("warning: net.ipv6.conf.all.forwarding is not 1"));
  put("sys/net/ipv6/conf/all/forwarding", "1\n");
  EXPECT_EQ(run(check_forwarding), "ok");
  put("sys/net/ipv4/ip_forward", "0\n");
  EXPECT_THAT(run(check_forwarding), HasSubstr("net.ipv4.ip_forward = 1 in /etc/sysctl.d/"));
  facts_.site.config.rules.role = config::Role::kLeaf;
  EXPECT_EQ(run(check_forwarding), "ok");
}

TEST_F(CheckTest, ReversePath) {
  put("sys/net/ipv4/conf/all/rp_filter", "1\n");
  EXPECT_EQ(run(check_reverse_path), "ok");
  facts_.site.config.site.wan = {"wan0", "wan1"};
  EXPECT_THAT(run(check_reverse_path), HasSubstr("rp_filter is strict on wan0"));
  put("sys/net/ipv4/conf/wan0/rp_filter", "2\n");
  put("sys/net/ipv4/conf/wan1/rp_filter", "2\n");
  EXPECT_EQ(run(check_reverse_path), "ok");
}

TEST_F(CheckTest, Pings) {
  put("sys/net/ipv4/ping_group_range", "1\t0\n");
  EXPECT_THAT(run(check_pings), HasSubstr("warning: "));
  put("sys/net/ipv4/ping_group_range", "0\t2147483647\n");
  EXPECT_EQ(run(check_pings), "ok");
}

TEST_F(CheckTest, Conntrack) {
  EXPECT_THAT(run(check_conntrack), HasSubstr("warning: connections are not tracked yet"));
  put("sys/net/netfilter/nf_conntrack_max", "30000\n");
  EXPECT_THAT(run(check_conntrack), HasSubstr("nf_conntrack_max is 30000, and limits.flows and limits.udp_flows of both configurations add up to 45000"));
  put("sys/net/netfilter/nf_conntrack_max", "65536\n");
  put("sys/net/netfilter/nf_conntrack_count", "65000\n");
  EXPECT_THAT(run(check_conntrack), HasSubstr("65000 of 65536 tracked connections are in use"));
  put("sys/net/netfilter/nf_conntrack_count", "12\n");
  EXPECT_EQ(run(check_conntrack), "ok");
}

TEST_F(CheckTest, Descriptors) {
  EXPECT_THAT(run(check_descriptors), HasSubstr("dvpnd does not run"));
  facts_.status = nlohmann::json::object({{"pid", 7}});
  put("7/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n");
  EXPECT_THAT(run(check_descriptors), HasSubstr("dvpnd may open 1024 descriptors, and limits.flows and limits.udp_flows need 26024"));
  put("7/limits", "Max open files            262144               524288               files     \n");
  EXPECT_EQ(run(check_descriptors), "ok");
}

TEST_F(CheckTest, KnownHosts) {
  table("10.0.31.1 own #! 203.0.113.1\n10.0.32.1 b #! 203.0.113.2,gw.example:2222 10.0.32.0/24\n");
  EXPECT_THAT(run(check_known_hosts), HasSubstr("known_hosts: No such file"));
  const std::string key = " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIINsFdaPPTmqTXvW7Rb0LoUQhVGNn4t6NF\n";
  put("known_hosts", "203.0.113.2" + key);
  EXPECT_THAT(run(check_known_hosts), HasSubstr("has no host key of gw.example:2222 |"));
  put("known_hosts", "203.0.113.2,[gw.example]:2222" + key);
  EXPECT_EQ(run(check_known_hosts), "ok");
  put("known_hosts", "203.0.113.2,[gw.example]:2222" + key + "@revoked 203.0.113.2" + key);
  EXPECT_EQ(run(check_known_hosts), "ok");
}

TEST_F(CheckTest, TheTableLeadsSomewhere) {
  EXPECT_THAT(run(check_table), HasSubstr("cannot be read, or has mistakes"));
  table("10.0.31.1 own #! 203.0.113.1\n");
  EXPECT_THAT(run(check_table), HasSubstr("warning: "));
  table("10.0.31.1 own #! 203.0.113.1\n10.0.32.1 b #! 203.0.113.2\n10.0.33.1 c #! 203.0.113.2,203.0.113.3\n");
  EXPECT_EQ(run(check_table), "ok");
  EXPECT_EQ(other_gateways(*facts_.table, facts_.site.config.site.networks), (std::vector<std::string>{"203.0.113.2", "203.0.113.3"}));
}

TEST_F(CheckTest, Peers) {
  put("authorized_keys.d/dvpn", "# nobody\n\n");
  EXPECT_THAT(run(check_peers), HasSubstr("warning: no other site can log in here"));
  put("authorized_keys.d/friday", "restrict ssh-ed25519 AAAA friday\n");
  EXPECT_EQ(run(check_peers), "ok");
}

TEST_F(CheckTest, KeysThatAreNotThere) {
  facts_.site.config.ssh.keys = {folder_ + "/id"};
  EXPECT_THAT(run(check_keys), HasSubstr("/id: No such file or directory | dvpn init makes one"));
  put("id", "no key");
  std::filesystem::permissions(folder_ + "/id", std::filesystem::perms(0644));
  EXPECT_THAT(run(check_keys), HasSubstr("has mode 644: others may use this private key | chown root:dvpnd"));
  std::filesystem::permissions(folder_ + "/id", std::filesystem::perms(0600));
  EXPECT_THAT(run(check_keys), HasSubstr("cannot be read as a private key"));
}

std::string found(const nlohmann::json& clock) {
  Findings findings;
  findings.begin("gateways");
  add_gateway({{"name", "gw"}, {"state", "ok"}, {"text", ""}, {"software", "dvpn-relay 1"}, {"clock", clock}}, findings);
  return render(findings);
}

TEST(CheckGateway, AWrongClockIsAWarningBeyondWhatIsNotKnown) {
  EXPECT_THAT(found(nullptr), HasSubstr("its relay answers (dvpn-relay 1), which does not say what time it is there\nall is well"));
  EXPECT_THAT(found({{"ahead_ms", -12}, {"uncertainty_ms", 3}}), HasSubstr("gw: its clock is 12ms behind ours, give or take 3ms\nall is well"));
  EXPECT_THAT(found({{"ahead_ms", 62'000}, {"uncertainty_ms", 2'000}}), HasSubstr("all is well"));
  for (const int ahead : {62'001, -62'001, 86'400'000})
    EXPECT_THAT(found({{"ahead_ms", ahead}, {"uncertainty_ms", 2'000}}), testing::AllOf(HasSubstr("warning  gateways  gw: its clock is "), HasSubstr("NTP"))) << ahead;
}

TEST(CheckFindings, AreShownWithTheirRemedies) {
  Findings findings;
  findings.begin("one");
  findings.ok("fine");
  EXPECT_EQ(render(findings), "ok  one  fine\nall is well\n");
  findings.begin("two");
  findings.warning("so so", "look");
  findings.failed("bad\nvery", "mend it");
  EXPECT_EQ(render(findings),
            "ok       one  fine\nwarning  two  so so\n              do: look\nfailed   two  bad very\n              do: mend it\n1 failed, 1 warning\n");
  const auto json = to_json(findings);
  EXPECT_EQ(json["failed"], 1);
  EXPECT_EQ(json["findings"][0]["remedy"], nullptr);
  EXPECT_EQ(json["findings"][2]["state"], "failed");
}

}  // namespace
}  // namespace dvpn::cli
