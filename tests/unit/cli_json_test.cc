// SPDX-License-Identifier: GPL-2.0-or-later
// Every command with --json has its place in dvpn-json(7), and those that need no daemon answer as it says there. (The others: lab.watch,
// lab.why, lab.peer, lab.join.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/app.h"
#include "cli/check.h"
#include "json_page.h"

namespace dvpn::cli {
namespace {

using nlohmann::json;

const lab::JsonPage& page() {
  static const lab::JsonPage page("man/dvpn-json.7");
  return page;
}

/// The commands that `dvpn GROUP --help` lists.
std::vector<std::string> commands_of(std::vector<std::string> group) {
  group.emplace_back("--help");
  std::ostringstream out, err;
  run(group, out, err);
  std::istringstream help(out.str());
  std::vector<std::string> names;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (listed && line.starts_with("  ") && line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
    listed |= line.starts_with("Subcommands:");
  }
  return names;
}

TEST(JsonPage, HasEveryCommand) {
  std::size_t commands = 0;
  for (const std::string& name : commands_of({})) {
    const std::vector<std::string> members = commands_of({name});
    if (members.empty()) {
      EXPECT_TRUE(page().has(name)) << name;
    }
    for (const std::string& member : members) EXPECT_TRUE(page().has(name + ' ' + member)) << name << ' ' << member;
    commands += members.empty() ? 1 : members.size();
  }
  EXPECT_GE(commands, 20u) << "the help was understood";
  EXPECT_FALSE(page().has("nothing"));
}

class MapJson : public ::testing::Test {
 protected:
  MapJson() {
    char form[] = "/tmp/dvpn-json-XXXXXX";
    folder_ = ::mkdtemp(form);
    write("hosts", "10.0.32.1 thursday #! 203.0.113.7 map=10.9.0.0/24\n10.0.40.1 friday #! gw.example:2222,b.example choose=weight weights=3,1\n");
  }
  ~MapJson() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + '/' + name) << content;
    return folder_ + '/' + name;
  }

  json answer(std::vector<std::string> words, int code = 0) const {
    words.insert(words.begin(), "map");
    words.insert(words.end(), {"--json", "--table", folder_ + "/hosts"});
    std::ostringstream out, err;
    EXPECT_EQ(run(words, out, err), code) << out.str() << err.str();
    EXPECT_EQ(err.str(), "");
    return json::parse(out.str(), nullptr, false);
  }

  std::string folder_;
};

TEST_F(MapJson, IsAsThePageSays) {
  const std::string other = write("other", "10.0.50.1 monday #! 203.0.113.11\n");
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"list"},
                                                                                   {"show"},
                                                                                   {"lookup", "friday"},
                                                                                   {"set", "10.0.41.1", "sunday", "203.0.113.12"},
                                                                                   {"rename", "sunday", "saturday"},
                                                                                   {"remove", "saturday"},
                                                                                   {"import", other}})
    EXPECT_EQ(page().differences("map " + words[0], answer(words)), std::vector<std::string>{}) << words[0];
}

TEST_F(MapJson, SaysMistakesInTheSameForm) {
  write("hosts", "10.0.32.1 thursday #! 203.0.113.7:70000\n");
  EXPECT_EQ(page().differences("map check", answer({"check"}, 1)), std::vector<std::string>{});
  const json refused = answer({"list"}, 1);
  EXPECT_EQ(refused["ok"], false);
  EXPECT_EQ(refused.size(), 3u) << "v, ok and error: " << refused;
}

TEST(CheckJson, IsAsThePageSays) {
  Findings findings;
  findings.begin("one");
  findings.ok("fine");
  findings.failed("bad", "mend it");
  EXPECT_EQ(page().differences("check", to_json(findings)), std::vector<std::string>{});
}

}  // namespace
}  // namespace dvpn::cli
