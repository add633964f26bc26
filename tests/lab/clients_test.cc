// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ordinary clients of site a and ordinary servers of site b, each as Debian has them, meet through the relay as if they
// were in one network, in both families. One lab serves all tests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "servers.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1u << 20;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->start();
});

struct Family {
  const char* name;
  const char* address;  ///< of b.h1
  const char* in_url;
  const char* option;   ///< of curl and ssh
  std::uint64_t large;  ///< bytes of a large file
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class Client : public testing::TestWithParam<Family> {
 protected:
  Host near_ = lab->host("a.h1");
  Host far_ = lab->host("b.h1");
  const Family& family_ = GetParam();
  std::string http_ = std::string("http://") + GetParam().in_url + "/";
};

INSTANTIATE_TEST_SUITE_P(Families, Client,
                         testing::Values(Family{"IPv4", "10.0.32.2", "10.0.32.2", "-4", 512 * kMiB},
                                         Family{"IPv6", "fd00:32::2", "[fd00:32::2]", "-6", 256 * kMiB}),
                         [](const auto& family) { return family.param.name; });

/// The first line's hash, as sha256sum prints it.
std::string hash_in(const Result& result) { return result.out.substr(0, 64); }

TEST_P(Client, CurlGetsAndPutsALargeFile) {
  const Server web = web_server(far_);
  ASSERT_EQ(web.run(noise(family_.large) + " >files/large").exit, 0);
  const Result client = run_in_memory(near_, "curl -sSf -o large '" + http_ + "large' && sha256sum large && "
                                             "curl -sSf -T large '" + http_ + "back'");
  ASSERT_EQ(client.exit, 0) << client.err;
  EXPECT_EQ(web.run("stat -c %s files/back").out, std::to_string(family_.large) + "\n");
  EXPECT_EQ(hash_in(client), web.hash("files/large"));
  EXPECT_EQ(hash_in(client), web.hash("files/back"));
}

TEST_P(Client, CurlFindsAServerByItsName) {
  const Server web = web_server(far_);
  ASSERT_EQ(web.run("echo 'by name' >files/page").exit, 0);
  EXPECT_EQ(near_.run(std::string("curl -sS ") + family_.option + " http://h1.b/page").out, "by name\n");
}

TEST_P(Client, TwoHundredDownloadsRunAtOnce) {
  const Server web = web_server(far_);
  ASSERT_EQ(web.run("for i in {1..200}; do " + noise(256 * 1024, 77) + " | { echo $i; cat; } >files/$i; done").exit, 0);
  const Result client = run_in_memory(near_, "curl -sSf --parallel --parallel-immediate --parallel-max 200 -o '#1' '" + http_ +
                                             "[1-200]' && sha256sum $(seq 200)");
  ASSERT_EQ(client.exit, 0) << client.err;
  EXPECT_EQ(client.out, web.run("cd files && sha256sum $(seq 200)").out);
}

TEST_P(Client, BothDirectionsRunAtOnce) {
  const std::uint64_t bytes = 128 * kMiB;
  const Server there = web_server(far_), here = web_server(near_);
  ASSERT_EQ(there.run(noise(bytes, 3) + " >files/large").exit + here.run(noise(bytes, 4) + " >files/large").exit, 0);
  const std::string mine = std::string(family_.name) == "IPv4" ? "10.0.31.2" : "[fd00:31::2]";
  const auto get_and_put = [](const std::string& site) {
    return "bash -o pipefail -c \"mkfifo copy && { sha256sum <copy >sum & } && curl -sSfg http://" + site +
           "/large | tee copy | curl -sSfg -T - http://" + site + "/back && wait && cat sum\"";
  };
  const std::string memory = "mount -t tmpfs none /mnt && cd /mnt && ";
  Process from_a = near_.start(memory + get_and_put(family_.in_url)), from_b = far_.start(memory + get_and_put(mine));
  const Result a = from_a.wait(40s), b = from_b.wait(40s);
  ASSERT_EQ(a.exit, 0) << a.err;
  ASSERT_EQ(b.exit, 0) << b.err;
  EXPECT_EQ(hash_in(a), there.hash("files/large"));
  EXPECT_EQ(hash_in(a), there.hash("files/back"));
  EXPECT_EQ(hash_in(b), here.hash("files/large"));
  EXPECT_EQ(hash_in(b), here.hash("files/back"));
}

TEST_P(Client, SshRunsACommandAndScpCopiesAFile) {
  const Site a = lab->site("a");
  const Server sshd = ssh_server(far_, a.path("etc/id_ed25519.pub"));
  const std::string options = std::string(" ") + family_.option + " -i " + a.path("etc/id_ed25519") +
                              " -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/mnt/known ";
  const std::string host_key = sshd.run("cut -d' ' -f1,2 host_key.pub").out;
  const Result client = run_in_memory(
      near_, "echo " + std::string(family_.address) + " '" + host_key.substr(0, host_key.find('\n')) + "' >known && " +
                 "ssh" + options + "root@" + family_.address + " 'echo $((6 * 7)); ip -br addr show eth0; cat >/mnt/heard; exit 5' <<<said; echo $? && " +
                 noise(30 * kMiB) + " >file && scp -q" + options + "file 'root@" + family_.in_url + ":/mnt/copy' && " +
                 "scp -q" + options + "'root@" + family_.in_url + ":/mnt/copy' back && cmp file back && sha256sum back");
  EXPECT_EQ(client.exit, 0) << client.err;
  EXPECT_THAT(client.out, HasSubstr("42\n"));
  EXPECT_THAT(client.out, HasSubstr(family_.address));
  EXPECT_THAT(client.out, HasSubstr("\n5\n"));
  EXPECT_THAT(client.out, HasSubstr(sshd.hash("copy")));
  EXPECT_EQ(sshd.run("cat heard").out, "said\n");
}

TEST_P(Client, FtpGetsAndPutsInPassiveMode) {
  const Server ftp = ftp_server(far_);
  ASSERT_EQ(ftp.run(noise(20 * kMiB) + " >root/file").exit, 0);
  const std::string site = std::string("ftp://") + family_.in_url + "/";
  const Result curl = run_in_memory(near_, "curl -sSfg -o file " + site + "file && curl -sSfg -T file " + site + "incoming/curl && sha256sum file");
  EXPECT_EQ(curl.exit, 0) << curl.err;
  EXPECT_EQ(hash_in(curl), ftp.hash("root/file"));
  EXPECT_EQ(hash_in(curl), ftp.hash("root/incoming/curl"));
}

TEST_P(Client, LftpListsAndMirrors) {
  const Server ftp = ftp_server(far_);
  ASSERT_EQ(ftp.run("mkdir root/dir && for i in {1..20}; do echo $i >root/dir/$i; done").exit, 0);
  const Result lftp = run_in_memory(near_, "lftp -c 'set net:max-retries 1; set net:timeout 10; open ftp://" + std::string(family_.in_url) +
                                           "; cls -1 dir/7; mirror --parallel=4 dir copy' && sort -n copy/* | md5sum; seq 20 | md5sum");
  EXPECT_THAT(lftp.out, testing::MatchesRegex("dir/7\n([0-9a-f]+)  -\n[0-9a-f]+  -\n")) << lftp.err;
  const std::string sums = lftp.out.substr(lftp.out.find('\n') + 1);
  EXPECT_EQ(sums.substr(0, 32), sums.substr(sums.find('\n') + 1, 32));
}

TEST_P(Client, SambaPutsAndGets) {
  const Server samba = samba_server(far_);
  // (by name: smbclient takes no IPv6 address as a server's name)
  const Result client = run_in_memory(near_, noise(20 * kMiB) + " >file && smbclient -N -I " + family_.address +
                                             " //h1.b/files -c 'put file copy; get copy back; ls' 2>&1 && cmp file back && sha256sum back | sed 's/^/hash /'");
  EXPECT_EQ(client.exit, 0) << client.out << client.err;
  EXPECT_THAT(client.out, HasSubstr("hash " + samba.hash("files/copy"))) << samba.run("tail -n5 state/log*").out;
}

TEST_P(Client, SmallPiecesDoNotWaitForEachOthersAcknowledgement) {
  // Held back by Nagle's algorithm at sshd, each second line would come 40 ms later: 4.4 s in all, instead of 0.8 s.
  std::string speak, listen;
  for (int i = 0; i < 100; ++i) {
    speak += "say:one pause:5 say:two hear:next ";
    listen += "hear:one hear:two say:next ";
  }
  const Process server = far_.serve(2200, speak + "close");
  const Result client = near_.talk(family_.address, 2200, listen + "read");
  EXPECT_THAT(client.out, HasSubstr("read 0 bytes"));
  EXPECT_LT(client.seconds, 3);
}

}  // namespace
}  // namespace dvpn::lab
