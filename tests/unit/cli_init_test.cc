// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn init`: what it asks, and that what it would write is read back as what was meant.
#include "cli/init.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "cli/init_answers.h"
#include "ssh/known_hosts.h"
#include "table/table.h"

namespace dvpn::cli {
namespace {

using ::testing::HasSubstr;

class Script : public Asker {
 public:
  Script(std::deque<std::string>& answers, std::vector<std::string>& questions) : answers_(answers), questions_(questions) {}
  std::optional<std::string> ask(const std::string& question) override {
    questions_.push_back(question);
    if (answers_.empty()) return std::nullopt;
    std::string answer = answers_.front();
    answers_.pop_front();
    return answer;
  }

 private:
  std::deque<std::string>& answers_;
  std::vector<std::string>& questions_;
};

class InitAnswers : public ::testing::Test {
 protected:
  InitAnswers() {
    options_.probe = [this] { return machine_; };
    options_.terminal = [this]() -> std::unique_ptr<Asker> {
      if (!terminal_) return nullptr;
      return std::make_unique<Script>(answers_, questions_);
    };
    options_.sshd_config = "/nonexistent/sshd_config";
  }
  std::expected<SitePlan, Refused> find() { return find_answers(site_files("/nonexistent/etc/dvpnd.yaml", options_.sshd_config), options_); }

  Machine machine_{.host_name = "thursday",
                   .interfaces = {{.name = "eth0", .up = true, .addresses = {{*net::Address::parse("203.0.113.7"), *net::Prefix::parse("203.0.113.0/24")}}},
                                  {.name = "eth1", .up = true, .addresses = {{*net::Address::parse("10.0.32.1"), *net::Prefix::parse("10.0.32.0/24")}}}},
                   .default_routes = {"eth0"}};
  InitOptions options_;
  bool terminal_ = true;
  std::deque<std::string> answers_;
  std::vector<std::string> questions_;
};

TEST_F(InitAnswers, WhatIsKnownIsOnlyConfirmed) {
  answers_ = {""};
  const auto plan = find();
  ASSERT_TRUE(plan) << plan.error().text;
  ASSERT_EQ(questions_.size(), 1u);
  EXPECT_THAT(questions_[0], HasSubstr("reached at    203.0.113.7\n"));
  EXPECT_EQ(plan->gateways, std::vector<std::string>{"203.0.113.7"});
  EXPECT_EQ(plan->lan, std::vector<std::string>{"eth1"});
}

TEST_F(InitAnswers, WhatCannotBeFoundOutIsAsked) {
  machine_ = {};
  answers_ = {"friday", "10.0.33.0/24, fd00:33::/64", "ppp0", "", "yes"};
  const auto plan = find();
  ASSERT_TRUE(plan) << plan.error().text;
  EXPECT_EQ(questions_.size(), 5u);
  EXPECT_EQ(plan->name, "friday");
  EXPECT_EQ(plan->networks.size(), 2u);
  EXPECT_EQ(plan->wan, std::vector<std::string>{"ppp0"});
  EXPECT_TRUE(plan->gateways.empty());
}

TEST_F(InitAnswers, NoIsTakenForAnAnswer) {
  answers_ = {"n"};
  EXPECT_EQ(find().error().text, "nothing was changed");
  answers_ = {};  // the end of the input
  EXPECT_EQ(find().error().code, kNo);
}

TEST_F(InitAnswers, AWrongAnswerIsAnError) {
  machine_.interfaces.pop_back();
  answers_ = {"10.0.32.1/24", "y"};
  EXPECT_THAT(find().error().text, HasSubstr("the block is 10.0.32.0/24"));
}

TEST_F(InitAnswers, WithoutATerminalEverythingIsSaidAtOnce) {
  terminal_ = false;
  machine_.default_routes.clear();
  const auto refused = find();
  EXPECT_EQ(refused.error().code, kUsage);
  EXPECT_THAT(refused.error().text, HasSubstr("Missing: --wan INTERFACE. With --yes it is done like this"));
  options_.consent = Consent::kGiven;
  EXPECT_EQ(find().error().text, "this cannot be found out: say it with --wan INTERFACE");
  options_.wan = {"eth0"};
  EXPECT_TRUE(find());
}

TEST_F(InitAnswers, WhatIsWrittenIsReadAsItWasMeant) {
  options_.consent = Consent::kGiven;
  options_.gateways = {"gw.example:2222", "[2001:db8::7]:2222"};
  options_.networks = {"10.0.32.0/24", "fd00:32::/64"};
  for (const bool leaf : {false, true}) {
    options_.leaf = leaf;
    const auto plan = find();
    ASSERT_TRUE(plan) << plan.error().text;
    Diagnostics diagnostics("written");
    const auto daemon = config::parse_daemon_config(dvpnd_yaml(*plan), diagnostics);
    const auto relay = config::parse_relay_config(relay_yaml(*plan), diagnostics);
    EXPECT_EQ(diagnostics.render(), "");
    EXPECT_TRUE(differences(*plan, daemon).empty());
    EXPECT_TRUE(differences(*plan, relay).empty());
    EXPECT_EQ(daemon.site.name, "thursday");
    EXPECT_EQ(daemon.rules.role, leaf ? config::Role::kLeaf : config::Role::kRouter);
    EXPECT_EQ(daemon.ssh.known_hosts, "/nonexistent/etc/known_hosts");
    EXPECT_TRUE(table::Table::parse(empty_table(*plan), diagnostics).routes().empty());
    EXPECT_EQ(ssh::KnownHosts::parse(empty_known_hosts(), diagnostics).size(), 0u);
    EXPECT_EQ(diagnostics.render(), "");
  }
}

TEST_F(InitAnswers, OrdinaryPathsAreLeftToTheDefaults) {
  const SitePlan plan = new_plan(site_files("/etc/dvpn/dvpnd.yaml", kSshdConfig), options_.gaol, options_.run_folder);
  SitePlan said = plan;
  said.lan = {"eth1"};
  said.sshd_ports = {22};
  const std::string yaml = dvpnd_yaml(said);
  for (const char* key : {"table:", "ssh:", "control:", "rules:"}) EXPECT_EQ(yaml.find(key), std::string::npos) << key;
}

TEST_F(InitAnswers, DifferencesSayBoth) {
  options_.consent = Consent::kGiven;
  const SitePlan plan = *find();
  config::DaemonConfig there;
  there.site.networks = plan.networks;
  there.site.wan = plan.wan;
  there.site.gateways = plan.gateways;
  EXPECT_THAT(differences(plan, there), testing::ElementsAre("site.lan is [], not [eth1]", "site.name is not set, not thursday",
                                                           "names is not set, not /run/dvpn/names/hosts"));
}

}  // namespace
}  // namespace dvpn::cli
