// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every kind of key works, for gateways and for us: each with an sshd of its own that has that kind of host key alone.

#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "fixture.h"

namespace dvpn::lab {
namespace {

struct Kind {
  const char* name;
  const char* generate;  // ssh-keygen's options
  int port;
};
constexpr Kind kKinds[] = {{"ed25519", "-t ed25519", 2201},
                           {"ecdsa256", "-t ecdsa -b 256", 2202},
                           {"ecdsa384", "-t ecdsa -b 384", 2203},
                           {"ecdsa521", "-t ecdsa -b 521", 2204},
                           {"rsa3072", "-t rsa -b 3072", 2205}};

/// A key pair at `path`; the public half as "type base64".
std::string make_key(const std::string& path, const Kind& kind) {
  const Result made = run_here("ssh-keygen -q " + std::string(kind.generate) + " -N '' -C test -f " + path + " && cut -d' ' -f1,2 " + path + ".pub");
  if (made.exit != 0) throw std::runtime_error(made.err);
  return made.out;
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(Handshake, WorksWithEveryKindOfHostKeyAndUserKey) {
  Lab lab(two_sites());
  lab.step("install");
  const Site a = lab.site("a"), b = lab.site("b");
  std::string table = a.read("etc/hosts"), pins = a.read("etc/known_hosts"), keys = a.path("etc/id_ed25519");
  std::map<std::string, std::string> ours;
  for (const Kind& kind : kKinds) {
    const std::string port = std::to_string(kind.port), last = std::to_string(kind.port - 2200 + 50);
    const std::string host_key = make_key(b.path("sshd/host_" + std::string(kind.name)), kind);
    b.write("sshd/sshd_config." + port, "Include " + b.path("sshd/sshd_config.d/*.conf") + "\nPort " + port + "\nHostKey " +
                                            b.path("sshd/host_" + std::string(kind.name)) + "\nPidFile none\nUsePAM no\n");
    pins += "[203.0.113.2]:" + port + " " + host_key;
    const std::string user_key = a.path("etc/id_" + std::string(kind.name) + "_user");
    ours[kind.name] = make_key(user_key, kind);
    run_here("chown --reference=" + a.path("etc/id_ed25519") + " " + user_key);
    table += "10.0." + last + ".1 kind" + port + " #! 203.0.113.2:" + port + " 10.0." + last + ".0/24 map=10.0.32.0/24\n";
  }
  a.write("etc/known_hosts", pins);
  a.write("etc/hosts", table);
  for (const char* step : {"rules", "relay"}) lab.step(step);

  std::vector<Process> servers;
  for (const Kind& kind : kKinds)
    servers.push_back(lab.host("b.gw").start("exec /usr/sbin/sshd -D -e -f " + b.path("sshd/sshd_config." + std::to_string(kind.port))));
  for (const Kind& kind : kKinds)
    ASSERT_TRUE(wait_until([&] { return lab.host("b.gw").listens(kind.port); }, 10s, kind.name));
  lab.host("b.gw").run("iptables -I INPUT -p tcp --dport 2201:2205 -j ACCEPT");

  const Process page = lab.host("b.h1").serve_page(80, "hello");
  const std::string configuration = a.read("etc/dvpnd.yaml");
  std::size_t reloads = 0;
  for (const Kind& kind : kKinds) {
    std::string edited = configuration;
    edited.replace(edited.find(keys), keys.size(), a.path("etc/id_" + std::string(kind.name) + "_user"));
    a.write("etc/dvpnd.yaml", edited);
    b.write("etc/authorized_keys.d/dvpn", ours[kind.name]);
    if (a.pid("dvpnd") == 0) {
      lab.step("daemon", {"a"});
    } else {
      kill(a.pid("dvpnd"), SIGHUP);
      ++reloads;
      ASSERT_TRUE(wait_until([&] { return count(a.log("dvpnd"), "reloaded: ") == reloads; }, 10s, "the reload")) << a.log("dvpnd");
    }
    const std::string url = "http://10.0." + std::to_string(kind.port - 2200 + 50) + ".2/";
    EXPECT_EQ(lab.host("a.h1").run("curl -s -m 10 " + url).out, "hello\n") << kind.name << '\n' << a.log("dvpnd");
  }
}

TEST(Handshake, IsRepeatedInMidTransferWithoutLosingAByte) {
  Lab lab(two_sites());
  lab.step("install");
  const Site b = lab.site("b");
  b.write("sshd/sshd_config", "RekeyLimit 4M\nLogLevel DEBUG1\n" + b.read("sshd/sshd_config"));
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab.step(step);
  const Process server = lab.host("b.h1").serve(2300, "read send:60000000 close");
  const Result client = lab.host("a.h1").talk("10.0.32.2", 2300, "send:60000000 shut read");
  // Both send the same pattern: both have to read the same line.
  const std::string line = client.out.substr(0, client.out.find('\n'));
  EXPECT_EQ(line.substr(0, 20) + line.substr(std::min(line.size(), line.find(','))), "read 60000000 bytes , end") << lab.site("a").log("dvpnd");
  EXPECT_TRUE(server.wait_for_output(line)) << server.out();
  EXPECT_GT(count(b.log("sshd"), "rekey"), 10u);
}

}  // namespace
}  // namespace dvpn::lab
