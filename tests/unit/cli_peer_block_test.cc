// SPDX-License-Identifier: GPL-2.0-or-later
// A peer's block: what it is written as, and everything that is refused when it is read.
#include "cli/peer_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dvpn::cli {
namespace {

using ::testing::HasSubstr;

const std::string kEd = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAPsNlO8y78l7jCosO+FOy2E50I29uJdQHejc5bnUdVv";
const std::string kOther = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPjglGjzyqolYyNtVr21KbTUm/abKB2jn6LN8p3sv4Od";
const std::string kEcdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMyGyEslGsGSYxSSnKtfHrdBKShmM5ittMIn94CIuaZar+VxBFmEskiHnmYjXrsiWE524hyNBqGHuItKZPLt1cw=";
const std::string kBlock = "-----BEGIN DVPN PEER-----\nversion: 1\nsite: friday\naddress: 10.0.33.1\ngateway: 203.0.113.9\ngateway: friday@gw.friday.example:2222\n"
                           "network: 10.0.33.0/24\nnetwork: fd00:33::/64\nhost-key: " + kEd + "\nhost-key: " + kEcdsa + "\nkey: " + kOther +
                           "\n-----END DVPN PEER-----\n";

PeerBlock parse(const std::string& content, std::string* said = nullptr) {
  Diagnostics diagnostics("block");
  PeerBlock block = parse_peer_block(content, diagnostics);
  EXPECT_EQ(diagnostics.has_errors(), said != nullptr) << diagnostics.render();
  if (said != nullptr) *said = diagnostics.render();
  return block;
}

/// What is said about the block with `before` replaced.
std::string with(const std::string& before, const std::string& after) {
  std::string content = kBlock;
  const std::size_t at = content.find(before);
  EXPECT_NE(at, std::string::npos) << before;
  content.replace(at, before.size(), after);
  std::string said;
  parse(content, &said);
  return said;
}

TEST(PeerBlock, IsWrittenAsItIsRead) {
  const PeerBlock block = parse(kBlock);
  EXPECT_EQ(block.site, "friday");
  EXPECT_EQ(block.gateways[1].user, "friday");
  EXPECT_EQ(block.host_keys.size(), 2u);
  EXPECT_EQ(write_peer_block(block), kBlock);
  EXPECT_EQ(block.table_line(), "10.0.33.1 friday #! 203.0.113.9,friday@gw.friday.example:2222 10.0.33.0/24 fd00:33::/64");
}

TEST(PeerBlock, TheLineBeginsWithTheFirstAddressIfNoneIsSaid) {
  PeerBlock block = parse(kBlock);
  block.address.reset();
  EXPECT_EQ(block.line_address().to_string(), "10.0.33.1");
  block.networks = {*net::Prefix::parse("fd00:33::/64")};
  EXPECT_EQ(block.line_address().to_string(), "fd00:33::1");
  block.networks = {*net::Prefix::parse("10.0.33.6/32")};
  EXPECT_EQ(block.line_address().to_string(), "10.0.33.6");
}

TEST(PeerBlock, MailAroundItAndItsLineEndsDoNotMatter) {
  std::string content = "Hello,\nhere it is: \xc3\xa4\n\n" + kBlock + "-- \nfriday\n";
  EXPECT_EQ(parse(content), parse(kBlock));
  for (std::size_t at = 0; (at = content.find('\n', at)) != std::string::npos; at += 2) content.replace(at, 1, "\r\n");
  EXPECT_EQ(parse(content), parse(kBlock));
}

TEST(PeerBlock, MistakesAreShownAtTheirPlace) {
  EXPECT_EQ(with("site: friday", "site: fri day"),
            "block:3:7: error: 'fri day' is no name for a site: one word of at most 63 of A-Z a-z 0-9 . _ -\n  site: fri day\n        ^~~~~~~\n");
  EXPECT_THAT(with("network: fd00", "netwrok: fd00"), HasSubstr("block:8:1: error: 'netwrok' is not known; did you mean network?\n"));
}

TEST(PeerBlock, NothingElseGetsIn) {
  EXPECT_THAT(with(kEd, "command=\"sh\" " + kEd), HasSubstr("has no options"));
  EXPECT_THAT(with(kEd, kEd + " x"), HasSubstr("something follows it"));
  EXPECT_THAT(with(kEd, kEd + ' '), HasSubstr("something follows it"));
  EXPECT_THAT(with(kEd, kEd + "\nssh-rsa AAAA"), HasSubstr("not 'KEY: VALUE'"));
  EXPECT_THAT(with(kEd, std::string(kEd).replace(0, 11, "ssh-dss")), HasSubstr("a public key begins with"));
  EXPECT_THAT(with(kEd, std::string(kEd).replace(0, 11, "ssh-rsa")), HasSubstr("of another type than it says"));
  EXPECT_THAT(with(kEd, "ssh-ed25519 AAAA"), HasSubstr("cut off"));
  EXPECT_THAT(with("site: friday", "site: friday\t"), HasSubstr("a character that has no place in a block"));
  EXPECT_THAT(with("site: friday", "site: fri\x1b[2Jday"), HasSubstr("a character that has no place in a block"));
  EXPECT_THAT(with("site: friday", "site: 10.0.0.1"), HasSubstr("is no name for a site"));
  EXPECT_THAT(with("site: friday", "site: friday#!x"), HasSubstr("is no name for a site"));
  EXPECT_THAT(with("gateway: 203.0.113.9\n", "gateway: 203.0.113.9,10.9.9.9\n"), HasSubstr("is neither an address nor a host name"));
  EXPECT_THAT(with("gateway: 203.0.113.9\n", "gateway: 203.0.113.9 via=direct\n"), HasSubstr("error"));
  EXPECT_THAT(with("gateway: 203.0.113.9\n", "gateway: *\n"), HasSubstr("error"));
  EXPECT_THAT(with("network: 10.0.33.0/24", "network: 0.0.0.0/0"), HasSubstr("error"));
  EXPECT_THAT(with("network: 10.0.33.0/24", "network: 10.0.33.1/24"), HasSubstr("the block is 10.0.33.0/24"));
  EXPECT_THAT(with("address: 10.0.33.1", "address: 10.0.34.1"), HasSubstr("is in none of the networks"));
}

TEST(PeerBlock, IsWholeAndOne) {
  std::string said;
  parse("", &said);
  EXPECT_EQ(said, "block: error: no line '-----BEGIN DVPN PEER-----': this is no peer's block\n");
  parse(kBlock.substr(0, kBlock.size() - 20), &said);
  EXPECT_THAT(said, HasSubstr("not 'KEY: VALUE'"));
  parse(kBlock.substr(0, kBlock.find("-----END")), &said);
  EXPECT_THAT(said, HasSubstr("the block is cut off"));
  parse(kBlock + kBlock, &said);
  EXPECT_THAT(said, HasSubstr("a second block"));
  for (const std::string& key : {std::string("site: friday\n"), "key: " + kOther + "\n", std::string("version: 1\n")}) EXPECT_THAT(with(key, ""), HasSubstr("error")) << key;
  EXPECT_THAT(with("site: friday", "site: friday\nsite: monday"), HasSubstr("stands there twice"));
  EXPECT_THAT(with("version: 1", "version: 2"), HasSubstr("is this dvpn older"));
  EXPECT_THAT(with("gateway: 203.0.113.9\n", "gateway: 203.0.113.9\ngateway: 203.0.113.9\n"), HasSubstr("stands there twice"));
  parse(kBlock + std::string(kLargestBlock, '\n'), &said);
  EXPECT_THAT(said, HasSubstr("is larger than 65536 bytes"));
  std::string many;
  for (int i = 0; i < 80; ++i) many += "network: 10.7." + std::to_string(i) + ".0/24\n";
  EXPECT_THAT(with("network: 10.0.33.0/24\n", "network: 10.0.33.0/24\n" + many), HasSubstr("more than 64 of them"));
}

}  // namespace
}  // namespace dvpn::cli
