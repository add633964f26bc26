// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/known_hosts.h"

#include <gtest/gtest.h>

namespace dvpn::ssh {
namespace {

constexpr const char* kKey = "AAAAC3NzaC1lZDI1NTE5AAAAINsFdaPPTmqTXvW7Rb0LoUQhVGNn4t6NF";

KnownHosts parse(const std::string& content, std::string* warnings = nullptr) {
  Diagnostics diagnostics("known_hosts");
  KnownHosts known = KnownHosts::parse(content, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  if (warnings != nullptr) *warnings = diagnostics.render();
  return known;
}

TEST(KnownHosts, FindsNamesAndPortsAsOpenSshWritesThem) {
  const KnownHosts known = parse(std::string("# pins\n\ngw.Example,203.0.113.7 ssh-ed25519 ") + kKey + " comment\n[2001:db8::7]:2222 ssh-rsa " + kKey + "\n");
  EXPECT_EQ(known.find("203.0.113.7", 22).size(), 1u);
  EXPECT_EQ(known.find("GW.example", 22).front().type, "ssh-ed25519");
  EXPECT_EQ(known.find("gw.example", 2222).size(), 0u);
  EXPECT_EQ(known.find("2001:db8::7", 2222).size(), 1u);
  EXPECT_EQ(known.find("2001:db8::7", 22).size(), 0u);
}

TEST(KnownHosts, SaysWhatItDoesNotRead) {
  std::string warnings;
  const KnownHosts known = parse(std::string("|1|abc|def ssh-ed25519 ") + kKey + "\n*.example ssh-ed25519 " + kKey +
                                     "\n@cert-authority gw ssh-ed25519 " + kKey + "\ngw ssh-dss " + kKey + "\nnonsense\n",
                                 &warnings);
  EXPECT_EQ(known.size(), 0u);
  EXPECT_EQ(warnings,
            "known_hosts:1: warning: hashed names and patterns are not read: write the gateway's plain name or address\n"
            "known_hosts:2: warning: hashed names and patterns are not read: write the gateway's plain name or address\n"
            "known_hosts:3: warning: '@cert-authority' is not understood here: the line pins nothing\n"
            "known_hosts:4: warning: host keys of type 'ssh-dss' are not used: the line pins nothing\n"
            "known_hosts:5: warning: not 'name key-type key': the line pins nothing\n");
}

TEST(KnownHosts, ARevokedKeyIsKnownAsSuchAndAsksForNoAlgorithm) {
  const KnownHosts known = parse(std::string("@revoked gw.x ssh-ed25519 ") + kKey + "\ngw.x ssh-rsa " + kKey + "\n");
  ASSERT_EQ(known.find("gw.x", 22).size(), 2u);
  EXPECT_TRUE(known.find("gw.x", 22).front().revoked);
  EXPECT_EQ(host_key_algorithms(known.find("gw.x", 22)), "rsa-sha2-512,rsa-sha2-256");
  EXPECT_EQ(host_key_algorithms({}), "");
}

}  // namespace
}  // namespace dvpn::ssh
