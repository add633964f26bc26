// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn map`: what it prints and how it ends, on real files.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/app.h"

namespace dvpn::cli {
namespace {

class DvpnMap : public ::testing::Test {
 protected:
  DvpnMap() {
    char form[] = "/tmp/dvpn-map-XXXXXX";
    folder_ = ::mkdtemp(form);
    write("hosts",
          "10.0.32.1 thursday #!203.0.113.7\n"
          "10.0.40.1 friday friday.vpn #! gw.example:2222 10.0.40.0/22 10.0.40.0/24\n"
          "10.0.40.9 printer\n"
          "10.0.31.1 home #! 203.0.113.5\n"
          "fd00:60::1 far #! ops@a.example,b.example via=direct choose=weight weights=3,1 map=fd00:7::/64\n"
          "10.0.99.1 nowhere\n");
    write("dvpnd.yaml", "site: {networks: [10.0.31.0/24], wan: [wan0]}\ntable: " + folder_ + "/hosts\n");
  }
  ~DvpnMap() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + '/' + name) << content;
    return folder_ + '/' + name;
  }

  /// Runs `dvpn map WORDS… -c dvpnd.yaml`.
  int map(std::vector<std::string> words) {
    words.insert(words.begin(), "map");
    words.insert(words.end(), {"-c", folder_ + "/dvpnd.yaml"});
    return plain(words);
  }

  int plain(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string folder_;
  std::string out_;
  std::string err_;
};

TEST_F(DvpnMap, LookupOfAnAddressShowsTheRoute) {
  EXPECT_EQ(map({"lookup", "10.0.41.5"}), 0);
  EXPECT_EQ(out_, "10.0.41.5\n"
                  "  prefix    10.0.40.0/22\n"
                  "  line      " + folder_ + "/hosts:2\n"
                  "  site      friday friday.vpn\n"
                  "  gateways  gw.example:2222\n");
  EXPECT_EQ(err_, "");
}

TEST_F(DvpnMap, LookupOfANameTakesItsAddressFromAnyLine) {
  EXPECT_EQ(map({"lookup", "PRINTER"}), 0);
  EXPECT_TRUE(out_.starts_with("10.0.40.9\n  prefix    10.0.40.0/24\n")) << out_;
}

TEST_F(DvpnMap, LookupShowsOptionsAndTranslation) {
  EXPECT_EQ(map({"lookup", "fd00:60::9"}), 0);
  EXPECT_EQ(out_, "fd00:60::9\n"
                  "  prefix    fd00:60::/64\n"
                  "  line      " + folder_ + "/hosts:5\n"
                  "  site      far\n"
                  "  gateways  ops@a.example,b.example\n"
                  "  options   via=direct choose=weight weights=3,1 map=fd00:7::/64\n"
                  "  asks for  fd00:7::9\n");
}

TEST_F(DvpnMap, LookupSaysNoWithOne) {
  EXPECT_EQ(map({"lookup", "nowhere"}), 1);
  EXPECT_EQ(out_, "10.0.99.1 has no route in " + folder_ + "/hosts\n");
  EXPECT_EQ(map({"lookup", "10.0.31.7"}), 1);
  EXPECT_EQ(out_, "10.0.31.7 is in the site's own networks: nothing carries it\n");
  EXPECT_EQ(map({"lookup", "nobody"}), 1);
  EXPECT_EQ(err_, "dvpn: 'nobody' is neither an address nor a name in " + folder_ + "/hosts\n");
}

TEST_F(DvpnMap, LookupAsJson) {
  EXPECT_EQ(map({"lookup", "far", "--json"}), 0);
  const auto answer = nlohmann::json::parse(out_);
  EXPECT_EQ(answer["ok"], true);
  const auto& result = answer["results"][0];
  EXPECT_EQ(result["address"], "fd00:60::1");
  EXPECT_EQ(result["asks_for"], "fd00:7::1");
  EXPECT_EQ(result["route"]["gateways"], (std::vector<std::string>{"ops@a.example", "b.example"}));
  EXPECT_EQ(result["route"]["prefix"], "fd00:60::/64");
  EXPECT_EQ(result["route"]["weights"], (std::vector<int>{3, 1}));
  EXPECT_EQ(map({"lookup", "10.9.9.9", "--json"}), 1);
  EXPECT_EQ(nlohmann::json::parse(out_)["results"][0]["route"], nullptr);
}

TEST_F(DvpnMap, ListShowsEveryPrefixInOrder) {
  EXPECT_EQ(map({"list"}), 0);
  EXPECT_EQ(out_,
            "PREFIX        GATEWAYS                 OPTIONS                                               SITE               LINE\n"
            "10.0.31.0/24  (own network)            -                                                     home               4\n"
            "10.0.32.0/24  203.0.113.7              -                                                     thursday           1\n"
            "10.0.40.0/22  gw.example:2222          -                                                     friday friday.vpn  2\n"
            "10.0.40.0/24  gw.example:2222          -                                                     friday friday.vpn  2\n"
            "fd00:60::/64  ops@a.example,b.example  via=direct choose=weight weights=3,1 map=fd00:7::/64  far                5\n");
  EXPECT_EQ(map({"list", "--json"}), 0);
  const auto answer = nlohmann::json::parse(out_);
  EXPECT_EQ(answer["routes"].size(), 5u);
  EXPECT_EQ(answer["routes"][0]["own"], true);
}

TEST_F(DvpnMap, ShowIsTheFilesOwnLines) {
  EXPECT_EQ(map({"show", "PRINTER"}), 0);
  EXPECT_EQ(out_, folder_ + "/hosts:3: 10.0.40.9 printer\n");
  EXPECT_EQ(map({"show", "nobody"}), 1);
  EXPECT_EQ(err_, "dvpn: 'nobody' stands in no line of " + folder_ + "/hosts\n");
  EXPECT_EQ(map({"show"}), 0);
  EXPECT_EQ(std::ranges::count(out_, '\n'), 6);
}

TEST_F(DvpnMap, CheckCountsOrShowsWhatIsWrong) {
  EXPECT_EQ(map({"check"}), 0);
  EXPECT_EQ(out_, folder_ + "/hosts: in order, 4 routes, 5 prefixes\n");
  const std::string broken = write("broken", "10.0.32.1 a #! gw\n");
  EXPECT_EQ(plain({"map", "check", broken}), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, broken + ":1:16: error: 'gw' could be anything; if it is a gateway, write gw:22\n"
                           "  10.0.32.1 a #! gw\n"
                           "                 ^~\n" +
                      broken + ": not usable, 1 error\n");
  EXPECT_EQ(plain({"map", "check", broken, "--json"}), 1);
  const auto answer = nlohmann::json::parse(out_);
  EXPECT_EQ(answer["ok"], false);
  EXPECT_EQ(answer["diagnostics"][0]["column"], 16);
}

TEST_F(DvpnMap, CheckIsContentWithWarnings) {
  const std::string warned = write("warned", "10.0.32.1 a #! g.example 10.0.33.0/24\n");
  EXPECT_EQ(plain({"map", "check", "--table", warned}), 0);
  EXPECT_NE(err_.find("warning: 10.0.32.1 is in none of its line's prefixes"), std::string::npos);
  EXPECT_EQ(out_, warned + ": in order, 1 route, 1 prefix\n");
}

TEST_F(DvpnMap, ABrokenTableOrConfigurationAnswersNothing) {
  write("hosts", "10.0.32.1 a #! gw\n");
  EXPECT_EQ(map({"list"}), 1);
  EXPECT_TRUE(err_.starts_with(folder_ + "/hosts:1:16: error: ")) << err_;
  EXPECT_EQ(map({"lookup", "10.0.32.1", "--json"}), 1);
  EXPECT_EQ(nlohmann::json::parse(out_)["ok"], false);
  write("dvpnd.yaml", "table: x\n");
  EXPECT_EQ(map({"list"}), 1);
  EXPECT_NE(err_.find("dvpnd.yaml: error: site is missing\n"), std::string::npos) << err_;
  EXPECT_EQ(plain({"map", "list", "-c", folder_ + "/none"}), 1);
  EXPECT_EQ(err_, "dvpn: " + folder_ + "/none: No such file or directory; name another file with -c\n");
  EXPECT_EQ(plain({"map", "check", folder_ + "/none"}), 1);
  EXPECT_EQ(err_, "dvpn: " + folder_ + "/none: No such file or directory\n");
}

TEST_F(DvpnMap, WrongWordsAreTwo) {
  EXPECT_EQ(plain({}), 2);
  EXPECT_EQ(plain({"map"}), 2);
  EXPECT_EQ(plain({"map", "lookup"}), 2);
  EXPECT_EQ(plain({"mpa", "list"}), 2);
  EXPECT_EQ(plain({"map", "list", "--jsno"}), 2);
  EXPECT_EQ(plain({"--help"}), 0);
  EXPECT_EQ(plain({"--version"}), 0);
  EXPECT_TRUE(out_.starts_with("dvpn ")) << out_;
}

}  // namespace
}  // namespace dvpn::cli
