// SPDX-License-Identifier: GPL-2.0-or-later
//
// What many flows and a short life cost, and who is let in: 1,000 flows at once leave nothing behind at either end, idle
// sessions are closed, limits are kept, and SIGTERM lets live flows finish. One lab serves all tests; its daemons close a
// session after a second without a flow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "servers.h"

namespace dvpn::lab {
namespace {

using testing::HasSubstr;

Shared<Lab> lab([] {
  lab.make(two_sites());
  lab->step("install");
  for (const char* name : {"a", "b"}) {
    std::string yaml = lab->site(name).read("etc/dvpnd.yaml");
    yaml.replace(yaml.find("ssh:\n"), 5, "ssh:\n  idle_timeout: 1s\n");
    lab->site(name).write("etc/dvpnd.yaml", yaml);
  }
  for (const char* step : {"sshd", "rules", "relay", "daemon"}) lab->step(step);
});

Site a() { return lab->site("a"); }
Site b() { return lab->site("b"); }

/// Descriptors and memory of a process.
struct Use {
  int descriptors;
  int kib;
};
Use use_of(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  return {std::stoi(run_here("ls " + proc + "/fd | wc -l").out), std::stoi("0" + run_here("awk '/VmRSS/ { print $2 }' " + proc + "/status").out)};
}

pid_t relay_child() { return std::stoi("0" + run_here("pgrep -P " + std::to_string(b().pid("dvpn-relay"))).out); }

/// Processes of b's sshd besides the one that listens.
int sshd_sessions() {
  return std::stoi(b().gateway().run("ip netns pids dvpnlab-" + lab->id() + "-b.gw | xargs ps -o args= -p | grep -c '^sshd: dvpn'").out);
}

/// Whether a's daemon has logged a line with a match for grep's expression.
bool logged(const std::string& expression) { return run_here("grep -q '" + expression + "' " + a().path("log/dvpnd.log")).exit == 0; }

Process crowd_server() {
  Process server = lab->host("b.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd serve 3000");
  EXPECT_TRUE(server.wait_for_output("listening")) << server.err();
  return server;
}
Process crowd(int count, const std::string& address = "10.0.32.2") {
  return lab->host("a.h1").start("exec " + source_folder() + "/tests/lab/lib/crowd connect " + address + " 3000 " + std::to_string(count));
}

std::string answered(int count) { return std::to_string(count) + " answered, 0 reset\n"; }
/// The others hear that they are prohibited; some of them not before their second try, as the kernel sends few such errors.
std::string answered(int count, int prohibited) {
  return std::to_string(count) + " answered, 0 reset, " + std::to_string(prohibited) + " not connected (ECONNREFUSED EHOSTUNREACH)\n";
}

/// A value of `dvpn status --json`: ["flows"]["open"].
std::string status(const std::string& path) {
  const std::string dvpn = run_here("dirname $(readlink /proc/" + std::to_string(a().pid("dvpnd")) + "/exe)").out;
  return run_here(dvpn.substr(0, dvpn.size() - 1) + "/dvpn status --json --socket " + a().path("run/control.sock") +
                  " | python3 -c 'import json, sys; print(json.load(sys.stdin)" + path + ")'").out;
}

bool quiet() {
  return wait_until([] { return sshd_sessions() == 0 && status(R"(["sessions"])") == "0\n" && status(R"(["flows"]["open"])") == "0\n"; }, 15s,
                    "idle sessions to be closed");
}

/// 1,000 flows through a whole life. What it used at its height.
Use thousand_flows(const std::string& address) {
  Process clients = crowd(1000, address);
  EXPECT_TRUE(clients.wait_for_output("answered", 30s));
  EXPECT_EQ(clients.out(), answered(1000)) << clients.err();
  EXPECT_EQ(status(R"(["flows"]["open"])"), "1000\n");
  const Use height = use_of(a().pid("dvpnd"));
  // They are still there, all of them, and carry both ways.
  clients.kill(SIGUSR1);
  EXPECT_TRUE(clients.wait_for_output("answered[^$]*answered", 30s));
  EXPECT_EQ(clients.out(), answered(1000) + answered(1000));
  clients.kill(SIGTERM);
  EXPECT_EQ(clients.wait(10s).exit, 0);
  quiet();
  return height;
}

TEST(Load, AThousandFlowsLeaveNothingBehindAtEitherEnd) {
  const Process server = crowd_server();
  const pid_t dvpnd = a().pid("dvpnd"), relay = relay_child();
  ASSERT_GT(relay, 0);
  // Once before the count, for what the allocators keep.
  thousand_flows("10.0.32.2");
  const Use near = use_of(dvpnd), far = use_of(relay);
  for (const char* address : {"10.0.32.2", "fd00:32::2", "10.0.32.2"}) {
    const Use height = thousand_flows(address);
    EXPECT_GT(height.descriptors, near.descriptors + 1000);
  }
  EXPECT_EQ(use_of(dvpnd).descriptors, near.descriptors);
  EXPECT_EQ(use_of(relay).descriptors, far.descriptors);
  EXPECT_LT(use_of(dvpnd).kib, near.kib + 4096);
  EXPECT_LT(use_of(relay).kib, far.kib + 1024);
  EXPECT_EQ(relay_child(), relay);
}

TEST(Load, AnIdleSessionIsClosedAndTheNextFlowHasANewOne) {
  const Process server = lab->host("b.h1").serve_page(3001, "page");
  const std::string fetch = "curl -s http://10.0.32.2:3001/";
  EXPECT_EQ(lab->host("a.h1").run(fetch).out, "page\n");
  EXPECT_GT(sshd_sessions(), 0);
  quiet();
  EXPECT_TRUE(logged("gateway 203.0.113.2: session closed"));
  EXPECT_EQ(lab->host("a.h1").run(fetch).out, "page\n");
}

/// Runs a's daemon with `limits` for the length of a test.
class Limits {
 public:
  explicit Limits(const std::string& limits) : before_(a().read("etc/dvpnd.yaml")) { change(before_ + limits); }
  ~Limits() { change(before_); }

 private:
  static std::size_t reloads() {
    std::size_t count = 0;
    const std::string log = a().log("dvpnd");
    for (std::size_t at = 0; (at = log.find("reloaded: ", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  void change(const std::string& yaml) {
    const std::size_t already = reloads();
    a().write("etc/dvpnd.yaml", yaml);
    kill(a().pid("dvpnd"), SIGHUP);
    wait_until([&] { return reloads() > already; }, 10s, "the reload");
  }
  std::string before_;
};

TEST(Limit, TheFlowBeyondIsProhibitedAndTheOthersGoOn) {
  const Process server = crowd_server();
  const Limits limits("limits: {flows: 20}\n");
  Process clients = crowd(32);
  EXPECT_TRUE(clients.wait_for_output("answered"));
  EXPECT_EQ(clients.out(), answered(20, 12)) << clients.err();
  clients.kill(SIGUSR1);
  EXPECT_TRUE(clients.wait_for_output("answered[^$]*answered"));
  EXPECT_EQ(clients.out(), answered(20, 12) + answered(20));
  EXPECT_EQ(status(R"(["ended"]["flow-limit"])"), "12\n");
  // With some of them gone there is room again.
  clients.kill(SIGTERM);
  clients.wait();
  EXPECT_TRUE(wait_until([] { return status(R"(["flows"]["open"])") == "0\n"; }, 10s, "the flows to end"));
  Process again = crowd(20);
  EXPECT_TRUE(again.wait_for_output("answered"));
  EXPECT_EQ(again.out(), answered(20));
}

TEST(Limit, OneClientsFlowsDoNotShutOutAnother) {
  const Process server = crowd_server();
  const Limits limits("limits: {flows_per_client: 10}\n");
  Process clients = crowd(40);
  EXPECT_TRUE(clients.wait_for_output("answered"));
  EXPECT_EQ(clients.out(), answered(10, 30)) << clients.err();
  EXPECT_THAT(lab->host("a.h2").talk("10.0.32.2", 3000, "say:hello hear:olleh close").out, "done\n");
  EXPECT_EQ(status(R"(["ended"]["client-limit"])"), "30\n");
  // Thirty refusals are five lines at once, and the next one says how many were not written.
  const auto lines = [] {
    return std::stoi(run_here("grep -c 'flow refused .* end=client-limit why=\"limits.flows_per_client is reached\"' " + a().path("log/dvpnd.log")).out);
  };
  EXPECT_EQ(lines(), 5);
  EXPECT_TRUE(wait_until([&] { return lab->host("a.h1").talk("10.0.32.2", 3000, "read").out != "" && lines() > 5; }, 15s, "the next line"));
  EXPECT_TRUE(logged("client-limit why=.* ([0-9]* more like it were not logged)"));
}

TEST(Stop, SigtermLetsALiveDownloadFinishAndRefusesNewFlows) {
  const Server web = web_server(lab->host("b.h1"));
  ASSERT_EQ(web.run(noise(200u << 20) + " >files/large").exit, 0);
  // A daemon of our own, so that its exit code is ours to see.
  const std::string exe = run_here("readlink /proc/" + std::to_string(a().pid("dvpnd")) + "/exe").out;
  ASSERT_EQ(kill(a().pid("dvpnd"), SIGTERM), 0);
  ASSERT_TRUE(wait_until([] { return a().pid("dvpnd") == 0; }, 10s, "the lab's daemon to stop"));
  Process daemon = a().gateway().start("exec " + exe.substr(0, exe.size() - 1) + " -c " + a().path("etc/dvpnd.yaml"));
  ASSERT_TRUE(daemon.wait_for_output("dvpnd .* ready")) << daemon.err();

  const std::string gate = a().path("gate");
  ASSERT_EQ(run_here("mkfifo " + gate).exit, 0);
  Process download = lab->host("a.h1").start("curl -sSf http://10.0.32.2/large | { read -r go <" + gate + "; sha256sum; } && echo ${PIPESTATUS[0]}");
  ASSERT_TRUE(wait_until([&] { return lab->host("b.h1").run("ss -Htn state established '( sport = :80 )' | wc -l").out == "1\n"; }, 10s, "the download"));
  daemon.kill(SIGTERM);
  ASSERT_TRUE(daemon.wait_for_output("stopping: 1 flows may finish")) << daemon.err();
  EXPECT_EQ(lab->host("a.h1").talk("10.0.32.2", 80, "read").out, "refused\n");
  EXPECT_EQ(lab->host("a.h1").talk("fd00:32::2", 80, "read").out, "refused\n");
  EXPECT_TRUE(daemon.running());
  EXPECT_TRUE(download.running());
  ASSERT_EQ(run_here("echo go >" + gate).exit, 0);
  EXPECT_EQ(download.wait().out, web.hash("files/large") + "  -\n0\n");
  const Result end = daemon.wait(10s);
  EXPECT_EQ(end.exit, 0);
  EXPECT_THAT(end.err + end.out, HasSubstr("dvpnd stopped"));
}

}  // namespace
}  // namespace dvpn::lab
