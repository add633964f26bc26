// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/public_key.h"

#include <gtest/gtest.h>

namespace dvpn::ssh {
namespace {

const std::string kEd = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAPsNlO8y78l7jCosO+FOy2E50I29uJdQHejc5bnUdVv";
const std::string kEcdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMyGyEslGsGSYxSSnKtfHrdBKShmM5ittMIn94CIuaZar+VxBFmEskiHnmYjXrsiWE524hyNBqGHuItKZPLt1cw=";
const std::string kRsa =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDMLMfDTjduI4tJYL6eEYFpPOZ3W5I32HrLYfhUcQFI2KQIj15ON2e4hRfy4dMEDkepMwwdqozCBX9a45AWKySzYnuqcN5tFgMkGk8QwrpFmf2sfP2ud7aPYNDQz01EIvPB9LaCwSWzc4Zk70QE9SH7kuiLePLjbf7Z01+EHdCg/j+0zPcYGHPSgl3vbBg9ySXH2ZE4Kz4IB2rAEiiuTPGBtninXkG2TSjnsLChSJLHQFg3tF8xuUcxOvNxatwR6qGkjOxHcd/swZUnu0Slrs2sOoQgyx0LB7+fv2UzRfeAYxUzUVNL3bzGcx/29ilBzlX+5OXV+eYAy/NGdiQPQzZ3";

// (the fingerprints are those of ssh-keygen -l)
TEST(PublicKey, IsReadAndHashedAsSshKeygenDoes) {
  for (const auto& [words, shown, print] : {std::tuple{kEd, "ED25519", "SHA256:qAcEeZIx8wp8Fsp+Dsy+xL1ox9ESySFtzDsgSoBObyE"},
                                            {kEcdsa, "ECDSA", "SHA256:8Raiv26yjSHGNe2elg91wwka/AwtyiRkyDS2YH+gtMU"},
                                            {kRsa, "RSA", "SHA256:aKnLgka5w2kyqVWHhqdEkn5hkN9VLiNJ4v8vGuyFn0Q"}}) {
    const auto key = parse_public_key(words);
    ASSERT_TRUE(key) << key.error();
    EXPECT_EQ(key->to_string(), words);
    EXPECT_EQ(short_type(*key), shown);
    EXPECT_EQ(fingerprint(*key).value_or("-"), print);
  }
}

TEST(PublicKey, FilesHaveCommentsAndLineEnds) {
  EXPECT_EQ(parse_public_key_file(kEd + " root@friday\n")->to_string(), kEd);
  EXPECT_EQ(parse_public_key_file(kEd + "\r\n" + kRsa)->to_string(), kEd);
  EXPECT_FALSE(parse_public_key_file(""));
  EXPECT_FALSE(parse_public_key_file("restrict " + kEd));
}

TEST(PublicKey, NothingElseIsOne) {
  std::string flipped = kEd;
  flipped.back() = '=';
  for (const std::string& words : {std::string(), std::string("ssh-ed25519"), "ssh-ed25519  " + kEd.substr(12), kEd + " ", kEd + " c", " " + kEd, kEd + "=",
                                   kEd.substr(0, 40), kEd.substr(0, kEd.size() - 1) + "!", "ssh-rsa " + kEd.substr(12), "ssh-ed25519 " + kRsa.substr(8),
                                   "ssh-dss " + kEd.substr(12), "ssh-ed25519-cert-v01@openssh.com " + kEd.substr(12), flipped,
                                   "ssh-rsa " + std::string(9000, 'A')})
    EXPECT_FALSE(parse_public_key(words)) << words;
}

TEST(PublicKey, ADamagedOneHasNoFingerprint) {
  const auto key = parse_public_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAABAAAAAA=");
  ASSERT_TRUE(key) << key.error();
  EXPECT_FALSE(fingerprint(*key));
}

}  // namespace
}  // namespace dvpn::ssh
