// SPDX-License-Identifier: GPL-2.0-or-later
//
// dvpn init and dvpn peer on one machine of its own (machine.h), with the ordinary paths: what they make, ask, refuse and put back.

#include <gmock/gmock.h>

#include "fixture.h"
#include "json_page.h"
#include "machine.h"

namespace dvpn::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAPsNlO8y78l7jCosO+FOy2E50I29uJdQHejc5bnUdVv";
constexpr const char* kOtherHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPjglGjzyqolYyNtVr21KbTUm/abKB2jn6LN8p3sv4Od";
constexpr const char* kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJv0Qe3ZVYFi+TN8LOjerlykITD5wRWPAAZNcwgOjAfD";
constexpr const char* kOtherKey = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMyGyEslGsGSYxSSnKtfHrdBKShmM5ittMIn94CIuaZar+VxBFmEskiHnmYjXrsiWE524hyNBqGHuItKZPLt1cw=";
constexpr const char* kInit = "init --yes --name thursday --network 10.0.32.0/24 --lan lan0 --wan wan0 --gateway 203.0.113.7";

std::string block(const std::string& host_key = kHostKey, const std::string& key = kKey, const std::string& site = "friday") {
  return "-----BEGIN DVPN PEER-----\nversion: 1\nsite: " + site + "\naddress: 10.0.33.1\ngateway: 203.0.113.9:2222\nnetwork: 10.0.33.0/24\nhost-key: " +
         host_key + "\nkey: " + key + "\n-----END DVPN PEER-----\n";
}

class Peer : public testing::Test {
 protected:
  Peer() { machine_.must("rm -f /etc/dnsmasq.d/*; ssh-keygen -A >/dev/null; mkdir -p /run/sshd"); }

  Result dvpn(const std::string& words, const std::string& input = "") const {
    const std::string build = std::string(DVPN_LAB_BUILD) + "/src/programs";
    return machine_.run("export PATH=" + source_folder() + "/chroot:" + source_folder() + "/rules:" + build + ":$PATH\nsetsid -w " DVPN_LAB_DVPN " " + words +
                        " <<'END_OF_INPUT'\n" + input + "END_OF_INPUT");
  }
  /// With a terminal, on which `answers` are typed.
  Result typed(const std::string& words, const std::string& answers) const {
    const std::string build = std::string(DVPN_LAB_BUILD) + "/src/programs";
    return machine_.run("export PATH=" + source_folder() + "/chroot:" + source_folder() + "/rules:" + build + ":$PATH\nprintf '" + answers +
                        "' | timeout 30 script -qec '" DVPN_LAB_DVPN " " + words + "' /dev/null");
  }
  void init() const {
    const Result made = dvpn(kInit);
    ASSERT_EQ(made.exit, 0) << made.out << made.err;
  }
  std::string read(const std::string& path) const { return machine_.run("cat " + path).out; }
  std::string everything() const { return machine_.everything(); }

  Machine machine_;
};

TEST_F(Peer, InitMakesASiteThatTheDaemonsAccept) {
  init();
  EXPECT_EQ(machine_.run("cd /etc/dvpn && stat -c '%n %U:%G %a' *").out,
            "authorized_keys.d root:root 755\ndvpnd.yaml root:root 644\nhosts root:root 644\nid_ed25519 root:dvpnd 640\nid_ed25519.pub root:root 644\n"
            "known_hosts root:root 644\nrelay.yaml root:root 644\nrevoked_keys root:root 644\n");
  const std::string build = std::string(DVPN_LAB_BUILD) + "/src/programs/";
  EXPECT_EQ(machine_.run(build + "dvpnd --check").exit, 0);
  EXPECT_EQ(machine_.run(build + "dvpn-relay --check").exit, 0);
  EXPECT_EQ(machine_.run(source_folder() + "/chroot/dvpn-chroot check").exit, 0);
  EXPECT_EQ(machine_.run("ssh-keygen -lf /etc/dvpn/id_ed25519.pub").out.substr(0, 4), "256 ");
}

TEST_F(Peer, InitASecondTimeChangesNothing) {
  init();
  const std::string once = everything();
  const Result again = dvpn("init");  // it asks for nothing that stands in its files
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("everything is there already, nothing was changed"));
  EXPECT_EQ(everything(), once);
}

TEST_F(Peer, InitDryChangesNothingAndShowsTheFiles) {
  const std::string before = everything();
  const Result shown = dvpn(std::string(kInit) + " --dry-run");
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("would be made: /etc/dvpn/dvpnd.yaml"), HasSubstr("networks: [10.0.32.0/24]"), HasSubstr("account dvpn is missing")));
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, InitLeavesAFileThatDiffersAlone) {
  init();
  machine_.must("sed -i 's/lan0/eth7/' /etc/dvpn/dvpnd.yaml");
  const std::string before = everything();
  const Result again = dvpn(kInit);
  EXPECT_EQ(again.exit, 1);
  EXPECT_THAT(again.out, AllOf(HasSubstr("differs: /etc/dvpn/dvpnd.yaml"), HasSubstr("site.lan is [eth7], not [lan0]")));
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, InitWithoutATerminalNamesTheOptions) {
  const std::string before = everything();
  const Result refused = dvpn("init --name thursday --network 10.0.32.0/24");
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("there is no terminal to ask on"), HasSubstr("--yes"), HasSubstr("--network"), HasSubstr("--wan")));
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, InitAsksOnATerminalAndTakesNoForAnAnswer) {
  const std::string before = everything();
  const std::string words = "init --name thursday --network 10.0.32.0/24 --lan lan0 --wan wan0 --gateway 203.0.113.7";
  const Result no = typed(words, "n\\n");
  EXPECT_EQ(no.exit, 1) << no.out;
  EXPECT_THAT(no.out, HasSubstr("Set the site up like this? [Y/n]"));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(typed(words, "\\n").exit, 0);
  EXPECT_THAT(read("/etc/dvpn/dvpnd.yaml"), HasSubstr("name: thursday"));
}

TEST_F(Peer, InitGivesDnsmasqASnippetThatItAccepts) {
  init();
  const Result made = dvpn(std::string(kInit) + " --dnsmasq");
  EXPECT_THAT(made.out, HasSubstr("made: /etc/dnsmasq.d/dvpn.conf")) << made.err;
  const Result tested = machine_.run("dnsmasq --test -C /etc/dnsmasq.d/dvpn.conf");
  EXPECT_EQ(tested.exit, 0) << tested.err;
}

TEST_F(Peer, InitRefusesWhatCannotBe) {
  const std::string before = everything();
  for (const std::string wrong : {"--network 10.0.32.1/24", "--network 127.0.0.0/8", "--wan lo", "--lan 'a b+'", "--gateway a..b", "--name 'a b'", "--gaol relative", "--lan wan0"}) {
    const std::string name = wrong.starts_with("--name") ? "" : "--name thursday ";
    const Result refused = dvpn("init --yes --wan wan0 --network 10.0.32.0/24 " + name + wrong);
    EXPECT_EQ(refused.exit, 65) << wrong << '\n' << refused.out << refused.err;
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, ExportSaysWhatTheOtherSideNeeds) {
  init();
  const Result said = dvpn("peer export --account friday");
  EXPECT_EQ(said.exit, 0) << said.err;
  const std::string key = read("/etc/dvpn/id_ed25519.pub"), host_key = read("/etc/ssh/ssh_host_ed25519_key.pub");
  EXPECT_THAT(said.out, AllOf(HasSubstr("site: thursday\n"), HasSubstr("gateway: friday@203.0.113.7\n"), HasSubstr("network: 10.0.32.0/24\n"),
                              HasSubstr("\nkey: " + key.substr(0, key.rfind(' ')) + "\n"), HasSubstr("host-key: " + host_key.substr(0, host_key.rfind(' ')) + "\n")));
  const std::string print = machine_.run("ssh-keygen -lf /etc/dvpn/id_ed25519.pub | cut -d' ' -f2").out;
  EXPECT_THAT(said.err, HasSubstr(print.substr(0, print.size() - 1)));
  EXPECT_THAT(dvpn("peer add --yes", said.out).err, HasSubstr("this is this site's own block"));
}

TEST_F(Peer, AddWritesLinePinAndKeyAndTheSecondTimeNothing) {
  init();
  const Result added = dvpn("peer add --yes", block());
  EXPECT_EQ(added.exit, 0) << added.err;
  EXPECT_THAT(read("/etc/dvpn/hosts"), HasSubstr("\n10.0.33.1 friday #! 203.0.113.9:2222 10.0.33.0/24\n"));
  EXPECT_THAT(read("/etc/dvpn/known_hosts"), HasSubstr("\n[203.0.113.9]:2222 " + std::string(kHostKey) + "\n"));
  EXPECT_EQ(read("/etc/dvpn/authorized_keys.d/dvpn"), "restrict,port-forwarding " + std::string(kKey) + " friday\n");
  EXPECT_EQ(machine_.run("stat -c '%U:%G %a' /etc/dvpn/authorized_keys.d/dvpn /etc/dvpn/known_hosts").out, "root:root 644\nroot:root 644\n");
  const std::string once = everything();
  EXPECT_THAT(dvpn("peer add --yes", block()).out, HasSubstr("nothing to change"));
  EXPECT_EQ(everything(), once);
}

TEST_F(Peer, AddAsksOnATerminalAndNowhereElse) {
  init();
  machine_.must("cat >/run/block <<'END'\n" + block() + "END");
  const std::string before = everything();
  const Result nobody = dvpn("peer add", block());
  EXPECT_EQ(nobody.exit, 1);
  EXPECT_THAT(nobody.err, HasSubstr("--yes does it"));
  EXPECT_EQ(typed("peer add /run/block", "no\\n").exit, 1);
  EXPECT_EQ(dvpn("peer add --dry-run", block()).exit, 0);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(typed("peer add /run/block", "y\\n").exit, 0);
  EXPECT_THAT(read("/etc/dvpn/hosts"), HasSubstr("friday"));
}

TEST_F(Peer, AnAccountOfItsOwnIsMadeAndHeld) {
  init();
  ASSERT_EQ(dvpn("peer add --yes", block()).exit, 0);
  const Result added = dvpn("peer add --yes --account friday", block());
  EXPECT_EQ(added.exit, 0) << added.out << added.err;
  EXPECT_EQ(machine_.run("id -Gn friday").out, "dvpn-peers\n");
  EXPECT_EQ(read("/etc/dvpn/authorized_keys.d/dvpn"), "");  // it moved
  EXPECT_EQ(read("/etc/dvpn/authorized_keys.d/friday"), "restrict,port-forwarding " + std::string(kKey) + " friday\n");
  const Result check = machine_.run(source_folder() + "/chroot/dvpn-chroot --user dvpn --user friday check");
  EXPECT_EQ(check.exit, 0) << check.out;
  EXPECT_THAT(check.out, HasSubstr("ok: sshd confines friday to the relay's socket"));
}

TEST_F(Peer, AStepThatFailsPutsBackWhatWasDone) {
  init();
  const std::string before = everything();
  const Result refused = dvpn("peer add --yes --account daemon", block());  // an account that is somebody else's
  EXPECT_EQ(refused.exit, 1) << refused.out;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("the account daemon cannot be made"), HasSubstr("nothing was changed")));
  EXPECT_EQ(everything(), before);
  machine_.must("mount --bind /etc/dvpn/hosts /etc/dvpn/hosts");  // a mount point cannot be replaced
  const Result held = dvpn("peer add --yes", block());
  EXPECT_EQ(held.exit, 73) << held.out;
  EXPECT_THAT(held.err, AllOf(HasSubstr("it is a mount point"), HasSubstr("nothing was changed")));
  machine_.must("umount /etc/dvpn/hosts");
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, AFullDiskPutsBackWhatWasDone) {
  init();
  const std::string before = everything();
  machine_.must("mount -o remount,size=$(($(df --output=used -k /mnt | tail -n 1) + 1024))k /mnt; ! head -c 10M /dev/zero >/mnt/fill 2>/dev/null");
  const Result refused = dvpn("peer add --yes", block());
  EXPECT_NE(refused.exit, 0) << refused.out;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("No space left on device"), HasSubstr("nothing was changed")));
  EXPECT_EQ(everything(), before);
  machine_.must("mount -o remount,size=1g /mnt");
  EXPECT_EQ(dvpn("peer add --yes", block()).exit, 0);
}

TEST_F(Peer, WhatSpeaksForAnotherSiteIsRefused) {
  init();
  ASSERT_EQ(dvpn("peer add --yes", block()).exit, 0);
  const std::string before = everything();
  const std::pair<std::string, const char*> refused[] = {
      {block(kOtherHostKey), "[203.0.113.9]:2222 is known there by other host keys"},
      {block(std::string(kHostKey) + "\nhost-key: " + kOtherKey), "is known there by other host keys"},
      {block(kHostKey, kOtherKey), "friday is known there by another key"},
      {block(kHostKey, kOtherKey, "monday"), "gives 10.0.33.1 to friday, not to monday"},
  };
  for (const auto& [text, why] : refused) {
    const Result result = dvpn("peer add --yes", text);
    EXPECT_EQ(result.exit, 1) << text;
    EXPECT_THAT(result.err, AllOf(HasSubstr(why), HasSubstr("nothing was changed")));
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(Peer, ChangedKeysAreReplacedWhenToldTo) {
  init();
  ASSERT_EQ(dvpn("peer add --yes", block()).exit, 0);
  const Result replaced = dvpn("peer add --yes --replace-host-key --replace-key", block(kOtherHostKey, kOtherKey));
  EXPECT_EQ(replaced.exit, 0) << replaced.err;
  EXPECT_THAT(read("/etc/dvpn/known_hosts"), AllOf(HasSubstr(kOtherHostKey), Not(HasSubstr(kHostKey))));
  EXPECT_EQ(read("/etc/dvpn/authorized_keys.d/dvpn"), "restrict,port-forwarding " + std::string(kOtherKey) + " friday\n");
}

TEST_F(Peer, RemovedItIsAsIfItHadNeverBeen) {
  init();
  const std::string before = everything();
  ASSERT_EQ(dvpn("peer add --yes", block()).exit, 0);
  EXPECT_NE(everything(), before);
  EXPECT_EQ(dvpn("peer remove --yes friday").exit, 0);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(dvpn("peer remove --yes friday").exit, 1);
}

TEST_F(Peer, JsonIsOneObjectALineAsTheManualSays) {
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  const auto answer = [&](const std::string& section, const Result& result) {
    auto said = nlohmann::json::parse(result.out, nullptr, false);
    EXPECT_THAT(result.out, AllOf(testing::StartsWith("{"), testing::EndsWith("}\n"))) << result.err;
    EXPECT_EQ(page.differences(section, said), std::vector<std::string>{}) << said;
    return said;
  };
  const auto made = answer("init", dvpn(std::string(kInit) + " --json"));
  EXPECT_EQ(made["changed"], true);
  EXPECT_EQ(made["site"], "thursday");
  EXPECT_THAT(answer("peer export", dvpn("peer export --json"))["block"], testing::StartsWith("-----BEGIN DVPN PEER-----\nversion: 1\nsite: thursday\n"));
  const auto added = answer("peer add", dvpn("peer add --yes --json", block()));
  EXPECT_EQ(added["written"], true);
  EXPECT_EQ(added["reloaded"], false);
  EXPECT_EQ(added["changes"][0]["file"], "/etc/dvpn/known_hosts");
  const auto listed = answer("peer list", dvpn("peer list --json"))["peers"][0];
  EXPECT_EQ(listed["accounts"], nlohmann::json({"dvpn"}));
  EXPECT_EQ(listed["pinned"], true);
  EXPECT_EQ(listed["gateways"], nlohmann::json({"203.0.113.9:2222"}));
  EXPECT_THAT(dvpn("peer add --yes --json", "nothing").out, HasSubstr("\"ok\":false"));
  const auto removed = answer("peer remove", dvpn("peer remove --yes --json friday"));
  EXPECT_EQ(removed["changes"][0]["removed"][0], "10.0.33.1 friday #! 203.0.113.9:2222 10.0.33.0/24");
}

TEST_F(Peer, WhatIsNoBlockIsShownAtItsPlace) {
  init();
  const Result refused = dvpn("peer add --yes", block("restrict,command=x " + std::string(kHostKey)));
  EXPECT_EQ(refused.exit, 65);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("standard input:7:11: error: a public key begins with"), HasSubstr("^~~~")));
}

}  // namespace
}  // namespace dvpn::lab
