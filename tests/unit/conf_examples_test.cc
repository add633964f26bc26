// SPDX-License-Identifier: GPL-2.0-or-later
// The annotated examples of conf/ are in order, and what they call a default is one. Runs in the source's top folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/daemon_config.h"
#include "config/file.h"
#include "config/relay_config.h"
#include "table/table.h"

namespace dvpn {
namespace {

TEST(ConfExamples, DvpndYamlSetsEveryKeyToItsDefault) {
  Diagnostics diagnostics("conf/dvpnd.yaml");
  auto config = config::parse_daemon_config(config::read_file("conf/dvpnd.yaml").value(), diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_FALSE(config.site.networks.empty());
  config.site = {};
  EXPECT_EQ(config, config::DaemonConfig());
}

TEST(ConfExamples, RelayYamlSetsEveryKeyToItsDefault) {
  Diagnostics diagnostics("conf/relay.yaml");
  auto config = config::parse_relay_config(config::read_file("conf/relay.yaml").value(), diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_FALSE(config.networks.empty());
  config.networks.clear();
  config.access.clear();
  EXPECT_EQ(config, config::RelayConfig());
}

/// The example with its commented-out lines that begin so made real.
std::string uncommented(const std::string& path, const std::vector<std::string>& lines) {
  std::string content = config::read_file(path).value();
  for (const std::string& line : lines) {
    const std::size_t at = content.find("# " + line);
    EXPECT_NE(at, std::string::npos) << line;
    if (at != std::string::npos) content.erase(at, 2);
  }
  return content;
}

TEST(ConfExamples, WhatIsCommentedOutIsInOrder) {
  Diagnostics diagnostics("conf");
  const std::string dvpnd = uncommented("conf/dvpnd.yaml", {"forwards:", "  - {listen:", "names:"});
  EXPECT_EQ(config::parse_daemon_config(dvpnd, diagnostics).forwards.size(), 1u);
  EXPECT_EQ(config::parse_daemon_config(dvpnd, diagnostics).names, "/run/dvpn/names/hosts");
  const std::string relay = uncommented("conf/relay.yaml", {"access:", "  - {account: dvpn", "  - {account: friday", "  - {account: \"*\""});
  EXPECT_EQ(config::parse_relay_config(relay, diagnostics).access.size(), 3u);
  EXPECT_EQ(diagnostics.render(), "");
}

TEST(ConfExamples, HostsShowsEveryOption) {
  Diagnostics diagnostics("conf/hosts");
  const auto table = table::Table::parse(config::read_file("conf/hosts").value(), diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  EXPECT_EQ(table.routes().size(), 6u);
  const auto any = [&](const auto& holds) { return std::ranges::any_of(table.routes(), holds); };
  EXPECT_TRUE(any([](const table::Route& route) { return route.via == table::Via::kDirect; }));
  EXPECT_TRUE(any([](const table::Route& route) { return route.map.has_value(); }));
  EXPECT_TRUE(any([](const table::Route& route) { return !route.weights.empty(); }));
  EXPECT_TRUE(any([](const table::Route& route) { return route.default_prefix; }));
}

}  // namespace
}  // namespace dvpn
