// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/diagnostic.h"

#include <gtest/gtest.h>

#include <array>

#include "base/spelling.h"

namespace dvpn {
namespace {

TEST(Diagnostics, PointAtThePlace) {
  Diagnostics diagnostics("/etc/dvpn/hosts");
  diagnostics.add({.line = 12,
                   .column = 36,
                   .length = 5,
                   .message = "port 70000 is out of range (1..65535)",
                   .source = "10.0.32.1  thursday  #!203.0.113.7:70000"});
  EXPECT_EQ(diagnostics.render(),
            "/etc/dvpn/hosts:12:36: error: port 70000 is out of range (1..65535)\n"
            "  10.0.32.1  thursday  #!203.0.113.7:70000\n"
            "                                     ^~~~~\n");
}

TEST(Diagnostics, SortByPlaceAndKeepControlCharactersOut) {
  Diagnostics diagnostics("f");
  diagnostics.add({.severity = Severity::kWarning, .line = 2, .column = 1, .length = 9, .message = "b", .source = "\x1b[m"});
  diagnostics.add({.line = 1, .message = "a"});
  diagnostics.sort();
  EXPECT_EQ(diagnostics.render(), "f:1: error: a\nf:2:1: warning: b\n  ?[m\n  ^~~\n");
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Diagnostics, AreBounded) {
  Diagnostics diagnostics("f");
  for (std::size_t i = 0; i < Diagnostics::kMost + 7; ++i) diagnostics.add({.line = i + 1, .message = "x"});
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kMost);
  EXPECT_TRUE(diagnostics.render().ends_with("f: and 7 more\n"));
}

TEST(Spelling, FindsTheNearestWord) {
  constexpr std::array<std::string_view, 3> kWords = {"networks", "lan", "wan"};
  EXPECT_EQ(nearest_word("netwroks", kWords), "networks");
  EXPECT_EQ(nearest_word("la", kWords), "lan");
  EXPECT_EQ(nearest_word("table", kWords), "");
  EXPECT_EQ(nearest_word("", kWords), "");
}

}  // namespace
}  // namespace dvpn
