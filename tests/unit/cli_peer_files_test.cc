// SPDX-License-Identifier: GPL-2.0-or-later
// What a peer changes in known_hosts and in an account's keys, byte for byte; and several files as one change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "cli/authorized_keys.h"
#include "cli/file_changes.h"
#include "cli/pins.h"
#include "cli/sshd_sessions.h"
#include "config/file.h"

namespace dvpn::cli {
namespace {

using ::testing::HasSubstr;

const ssh::PublicKey kOne = *ssh::parse_public_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAPsNlO8y78l7jCosO+FOy2E50I29uJdQHejc5bnUdVv");
const ssh::PublicKey kTwo = *ssh::parse_public_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPjglGjzyqolYyNtVr21KbTUm/abKB2jn6LN8p3sv4Od");
const ssh::PublicKey kEcdsa = *ssh::parse_public_key("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMyGyEslGsGSYxSSnKtfHrdBKShmM5ittMIn94CIuaZar+VxBFmEskiHnmYjXrsiWE524hyNBqGHuItKZPLt1cw=");
const table::GatewaySpec kGateway{.user = "dvpn", .host = "203.0.113.9", .port = 22};
const table::GatewaySpec kWithPort{.user = "dvpn", .host = "gw.example", .port = 2222};

TEST(Pins, AreAppendedInTheFormThatIsLookedUp) {
  EXPECT_EQ(*with_pins("# mine", kGateway, {kOne, kEcdsa}, OtherPins::kRefuse),
            "# mine\n203.0.113.9 " + kOne.to_string() + "\n203.0.113.9 " + kEcdsa.to_string() + "\n");
  EXPECT_EQ(*with_pins("", kWithPort, {kOne}, OtherPins::kRefuse), "[gw.example]:2222 " + kOne.to_string() + "\n");
}

TEST(Pins, ThatAreThereStayAsTheyAre) {
  const std::string there = "GW,203.0.113.9  " + kOne.to_string() + "  a comment";
  EXPECT_EQ(*with_pins(there, kGateway, {kOne}, OtherPins::kRefuse), there);
}

TEST(Pins, OthersAreRefusedOrReplaced) {
  const std::string there = "gw.example,203.0.113.9 " + kOne.to_string() + "\n\n198.51.100.1 " + kOne.to_string() + "\n";
  for (const auto& keys : {std::vector{kTwo}, {kEcdsa}, {kOne, kTwo}, {kOne, kEcdsa}}) {
    const auto refused = with_pins(there, kGateway, keys, OtherPins::kRefuse);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("203.0.113.9 is known there by other host keys"));
  }
  EXPECT_EQ(*with_pins(there, kGateway, {kTwo}, OtherPins::kReplace),
            "gw.example " + kOne.to_string() + "\n\n198.51.100.1 " + kOne.to_string() + "\n203.0.113.9 " + kTwo.to_string() + "\n");
}

TEST(Pins, AreChangedByWayOfBothKeys) {
  const std::string old = "203.0.113.9 " + kOne.to_string() + "\n", fresh = "203.0.113.9 " + kTwo.to_string() + "\n";
  const auto both = with_pins(old, kGateway, {kOne, kTwo}, OtherPins::kReplace);
  EXPECT_EQ(*both, old + fresh);
  EXPECT_EQ(*with_pins(*both, kGateway, {kTwo}, OtherPins::kRefuse), *both) << "what is known stays known";
  EXPECT_EQ(*with_pins(*both, kGateway, {kTwo}, OtherPins::kReplace), fresh);
}

TEST(Pins, ARevokedKeyStaysRevoked) {
  const std::string there = "@revoked 203.0.113.9 " + kOne.to_string() + "\n";
  EXPECT_THAT(with_pins(there, kGateway, {kOne}, OtherPins::kReplace).error(), HasSubstr("@revoked"));
  EXPECT_EQ(*with_pins(there, kGateway, {kTwo}, OtherPins::kRefuse), there + "203.0.113.9 " + kTwo.to_string() + "\n");
  EXPECT_EQ(without_pins(there, kGateway), there);
}

TEST(AuthorizedKeys, LetAPeerForwardAndNothingElse) {
  EXPECT_EQ(with_keys("", "friday", {kOne}), "restrict,port-forwarding " + kOne.to_string() + " friday\n");
  EXPECT_EQ(with_keys("# mine", "friday", {kOne}), "# mine\nrestrict,port-forwarding " + kOne.to_string() + " friday\n");
}

TEST(AuthorizedKeys, ASitesKeyIsChangedByWayOfBothKeys) {
  const std::string both = with_keys(with_keys("", "friday", {kOne}), "friday", {kOne, kTwo});
  EXPECT_TRUE(has_key(both, kOne) && has_key(both, kTwo));
  EXPECT_EQ(with_keys(both, "friday", {kTwo}), "restrict,port-forwarding " + kTwo.to_string() + " friday\n");
  EXPECT_TRUE(has_keys(both));
  EXPECT_FALSE(has_keys("# nobody\n\n"));
}

TEST(AuthorizedKeys, WhatIsThereStays) {
  const std::string there = "from=\"1.2.3.4 \" " + kOne.to_string() + " root@friday\n#" + kTwo.to_string() + "\n";
  EXPECT_EQ(with_keys(there, "friday", {kOne}), there);
  EXPECT_TRUE(has_key(there, kOne));
  EXPECT_FALSE(has_key(there, kTwo));
  EXPECT_FALSE(has_site(there, "friday"));
}

TEST(AuthorizedKeys, ASiteHasTheKeysOfItsBlockAlone) {
  const std::string there = "restrict " + kOne.to_string() + " friday\nrestrict " + kEcdsa.to_string() + " monday";
  EXPECT_EQ(with_keys(there, "friday", {kTwo}), "restrict " + kEcdsa.to_string() + " monday\nrestrict,port-forwarding " + kTwo.to_string() + " friday\n");
  EXPECT_EQ(without_site(there, "monday"), "restrict " + kOne.to_string() + " friday\n");
  EXPECT_EQ(without_keys(there, {kOne, kEcdsa}), "");
}

// (lines of /proc/net/tcp and tcp6, as a little-endian machine has them)
TEST(SshdSessions, KnowWhereTheyComeFrom) {
  const std::string head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const std::string tcp = head + "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0\n"
                                 "   1: 027100CB:0016 097100CB:9C40 01 00000000:00000000 02:0007C4B4 00000000     0        0 12 4 0 20 4 29 10 -1\n";
  const std::string tcp6 = head + "   0: 0000000000000000FFFF0000027100CB:0016 0000000000000000FFFF0000097100CB:9C41 01 00000000:00000000 02:0 0     0        0 13 4 0\n"
                                  "   1: B80D0120000000000000000002000000:0016 B80D0120000000000000000009000000:9C42 01 00000000:00000000 02:0 0     0        0 14 4 0\n";
  EXPECT_EQ(remote_addresses(tcp, {"12", "99"}), std::vector{*net::Address::parse("203.0.113.9")});
  EXPECT_TRUE(remote_addresses(tcp, {"9"}).empty());
  EXPECT_EQ(remote_addresses(tcp6, {"13", "14"}), (std::vector{*net::Address::parse("203.0.113.9"), *net::Address::parse("2001:db8::9")}));
  EXPECT_TRUE(remote_addresses("", {"1"}).empty());
}

class Files : public ::testing::Test {
 protected:
  Files() {
    char form[] = "/tmp/dvpn-files-XXXXXX";
    folder_ = ::mkdtemp(form);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  static FileChanges::Edit becomes(const std::string& text) {
    return [text](std::string_view) { return std::expected<std::string, std::string>(text); };
  }
  std::string folder_;
};

TEST_F(Files, AllAreWrittenAndPutBackAgain) {
  std::ofstream(folder_ + "/a") << "one\ntwo\n";
  FileChanges changes;
  ASSERT_TRUE(changes.plan(folder_ + "/a", becomes("one\nthree\n")));
  ASSERT_TRUE(changes.plan(folder_ + "/b", becomes("new\n")));
  EXPECT_EQ(changes.render(), folder_ + "/a\n  -two\n  +three\n" + folder_ + "/b\n  +new\n");
  ASSERT_TRUE(changes.apply());
  EXPECT_EQ(*config::read_file(folder_ + "/a"), "one\nthree\n");
  EXPECT_EQ(*config::read_file(folder_ + "/b"), "new\n");
  ASSERT_TRUE(changes.put_back());
  EXPECT_EQ(*config::read_file(folder_ + "/a"), "one\ntwo\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/b"));
}

TEST_F(Files, OneThatFailsUndoesTheOthers) {
  std::ofstream(folder_ + "/a") << "one\n";
  FileChanges changes;
  ASSERT_TRUE(changes.plan(folder_ + "/a", becomes("two\n")));
  ASSERT_TRUE(changes.plan(folder_ + "/no/folder", becomes("x\n")));
  const Status applied = changes.apply();
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().text, HasSubstr("; nothing was changed"));
  EXPECT_EQ(*config::read_file(folder_ + "/a"), "one\n");
}

TEST_F(Files, AnEditThatRefusesNamesTheFile) {
  FileChanges changes;
  const Status planned = changes.plan(folder_ + "/a", [](std::string_view) { return std::expected<std::string, std::string>(std::unexpected("no")); });
  EXPECT_EQ(planned.error().text, folder_ + "/a: no");
  EXPECT_TRUE(changes.empty());
}

}  // namespace
}  // namespace dvpn::cli
