// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dvpn::table {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTable =
    "127.0.0.1 localhost\n"
    "10.0.32.1\tthursday  thu #! 203.0.113.7   # by the river\r\n"
    "10.0.33.9 printer # no site\n"
    "10.0.34.1 friday #!gw.example:2222 10.0.34.0/24\n";

TEST(TableEdit, ANewLineGoesToTheEnd) {
  const auto edit = set_line(kTable, "10.0.35.1 saturday #! 203.0.113.9");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->content, std::string(kTable) + "10.0.35.1 saturday #! 203.0.113.9\n");
  ASSERT_THAT(edit->changes, SizeIs(1));
  EXPECT_EQ(edit->changes[0].line, 5u);
  EXPECT_FALSE(edit->changes[0].before);
}

TEST(TableEdit, ALastLineWithoutAnEndGetsOne) {
  const auto edit = set_line("10.0.1.1 a #! 192.0.2.1", "10.0.2.1 b #! 192.0.2.2");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->content, "10.0.1.1 a #! 192.0.2.1\n10.0.2.1 b #! 192.0.2.2\n");
}

TEST(TableEdit, TheLineOfAnAddressIsReplacedAndKeepsItsCommentAndItsEnd) {
  const auto edit = set_line(kTable, "10.0.32.1 thursday #! 203.0.113.8");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->content,
            "127.0.0.1 localhost\n"
            "10.0.32.1 thursday #! 203.0.113.8  # by the river\r\n"
            "10.0.33.9 printer # no site\n"
            "10.0.34.1 friday #!gw.example:2222 10.0.34.0/24\n");
  EXPECT_EQ(render(edit->changes),
            "@@ line 2 @@\n"
            "-10.0.32.1\tthursday  thu #! 203.0.113.7   # by the river\n"
            "+10.0.32.1 thursday #! 203.0.113.8  # by the river\n");
}

TEST(TableEdit, WhatIsSoAlreadyStaysByteForByte) {
  const auto edit = set_line(kTable, "10.0.32.1 thursday thu #! 203.0.113.7");
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->content, kTable);
  EXPECT_THAT(edit->changes, IsEmpty());
}

TEST(TableEdit, AHostsLineWithoutAGatewayIsNobodysToChange) {
  const auto set = set_line(kTable, "10.0.33.9 printers #! 192.0.2.1");
  ASSERT_TRUE(set);
  EXPECT_THAT(set->content, HasSubstr("10.0.33.9 printer # no site\n"));
  const auto removed = remove_line(kTable, "printer");
  ASSERT_FALSE(removed);
  EXPECT_THAT(removed.error(), HasSubstr("no line with a gateway has the name printer"));
}

TEST(TableEdit, WhatIsNoLineIsRefused) {
  EXPECT_FALSE(set_line(kTable, "10.0.35.1 saturday"));
  EXPECT_FALSE(set_line(kTable, "saturday #! 203.0.113.9"));
  EXPECT_FALSE(set_line(kTable, "10.0.35.1 saturday #! 203.0.113.9\n10.0.36.1 sunday #! 203.0.113.9"));
}

TEST(TableEdit, ALineGoesByItsAddressOrAName) {
  const auto by_name = remove_line(kTable, "THU");
  const auto by_address = remove_line(kTable, "10.0.32.1");
  ASSERT_TRUE(by_name && by_address);
  EXPECT_EQ(by_name->content, by_address->content);
  EXPECT_EQ(by_name->content,
            "127.0.0.1 localhost\n"
            "10.0.33.9 printer # no site\n"
            "10.0.34.1 friday #!gw.example:2222 10.0.34.0/24\n");
}

TEST(TableEdit, OfSeveralLinesNoneIsGuessed) {
  const auto edit = remove_line("10.0.1.1 a #! 192.0.2.1\n10.0.2.1 a #! 192.0.2.2\n", "a");
  ASSERT_FALSE(edit);
  EXPECT_THAT(edit.error(), HasSubstr("lines 1 and 2"));
}

TEST(TableEdit, ARenameChangesTheNameAndNothingElse) {
  const auto edit = rename_site(kTable, "thu", "donnerstag");
  ASSERT_TRUE(edit);
  EXPECT_THAT(edit->content, HasSubstr("10.0.32.1\tthursday  donnerstag #! 203.0.113.7   # by the river\r\n"));
  EXPECT_FALSE(rename_site(kTable, "thu", "Friday")) << "another line's";
  EXPECT_FALSE(rename_site(kTable, "thu", "printer")) << "of a line without a gateway";
  EXPECT_FALSE(rename_site(kTable, "nobody", "x"));
  EXPECT_FALSE(rename_site(kTable, "thu", "a b"));
  EXPECT_FALSE(rename_site(kTable, "thu", "a#!b"));
}

TEST(TableEdit, AnImportSetsAllOrNothing) {
  const auto edit = import_lines(kTable, "# a comment\n10.0.34.1 friday #! 192.0.2.34\n10.0.35.1 saturday #! 192.0.2.35\n10.9.9.9 plain\n");
  ASSERT_TRUE(edit);
  EXPECT_THAT(edit->changes, SizeIs(2));
  EXPECT_THAT(edit->content, HasSubstr("10.0.34.1 friday #! 192.0.2.34\n10.0.35.1 saturday #! 192.0.2.35\n"));
  EXPECT_EQ(edit->content.find("plain"), std::string::npos);
  EXPECT_FALSE(import_lines(kTable, "10.0.35.1 a #! 192.0.2.1\n10.0.35.1 b #! 192.0.2.2\n"));
}

}  // namespace
}  // namespace dvpn::table
