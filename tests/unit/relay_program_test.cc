// SPDX-License-Identifier: GPL-2.0-or-later
// dvpn-relay itself, as root with a gaol of its own: the sandbox, signals, and how parent and child end.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/privileges.h"
#include "relay_harness.h"

namespace dvpn::relay::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using wire::Status;

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

/// Where the manager's notifications go.
class Manager {
 public:
  explicit Manager(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  int fd() const { return fd_.get(); }
  /// Whether a message that begins so comes.
  bool hears(std::string_view start) {
    char buffer[512];
    return eventually([&] {
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      return n > 0 && std::string_view(buffer, static_cast<std::size_t>(n)).starts_with(start);
    });
  }

 private:
  UniqueFd fd_;
};

class Program : public testing::Test {
 protected:
  /// In a network namespace of its own, where pings may be sent; 10.0.32.1 is the site's, and what is for 10.0.31.0/24
  /// comes back to the relay.
  static void SetUpTestSuite() {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) return;
    shell("ip link set lo up && sysctl -q -w net.ipv4.ping_group_range='0 2147483647' && ip addr add 10.0.32.1/24 dev lo &&"
          " ip rule add from 10.0.32.1 to 10.0.31.0/24 lookup 100 && ip route add local 10.0.31.0/24 dev lo table 100");
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    std::string folder = "/tmp/dvpn-relay-test-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    ::chmod(folder.c_str(), 0755);
    fs::create_directories(folder_ / "gaol/run");
    manager_.emplace(folder_ / "notify");
    configure("access: [{account: \"*\", to: [127.0.0.1/32]}]");
  }

  void TearDown() override {
    if (parent_ > 0) {
      ::kill(parent_, SIGKILL);
      (void)::waitpid(parent_, nullptr, 0);
    }
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  void configure(const std::string& more) const {
    std::ofstream(folder_ / "relay.yaml") << "networks: [10.0.32.0/24]\nuser: nobody\ngroup: nogroup\ngaol: "
                                          << (folder_ / "gaol").string() << "\n" << more << "\n";
  }

  std::string socket() const { return folder_ / "gaol/run/relay.sock"; }
  std::string log() const { return content_of(folder_ / "log"); }
  bool logs(const std::string& what) const {
    return eventually([&] { return log().find(what) != std::string::npos; });
  }

  /// Of /proc/PID/status: the effective capabilities.
  static std::string in_effect(pid_t process) {
    const std::string status = content_of("/proc/" + std::to_string(process) + "/status");
    const std::size_t at = status.find("CapEff:\t");
    return at == std::string::npos ? "" : status.substr(at + 8, 16);
  }

  void start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {DVPN_RELAY_PROGRAM, "-c", folder_ / "relay.yaml"});
    const UniqueFd outside(::open("/", O_PATH));  // inherited: nothing of it may reach the child
    parent_ = ::fork();
    if (parent_ != 0) return;
    (void)!std::freopen((folder_ / "log").c_str(), "a", stderr);
    (void)!std::freopen((folder_ / "log").c_str(), "a", stdout);
    ::setenv("NOTIFY_SOCKET", (folder_ / "notify").c_str(), 1);
    ::setenv("WATCHDOG_USEC", "300000", 1);
    ::unsetenv("WATCHDOG_PID");
    if (!may_be_raw_) ::prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  void serve() {
    start();
    ASSERT_TRUE(manager_->hears("READY=1")) << log();
  }

  /// The parent's exit status; -1 if it does not end or was killed.
  int wait() {
    int status = 0;
    if (!eventually([&] { return ::waitpid(parent_, &status, WNOHANG) == parent_; })) return -1;
    parent_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t child() const {
    const std::string id = std::to_string(parent_);
    return static_cast<pid_t>(std::atoi(content_of("/proc/" + id + "/task/" + id + "/children").c_str()));
  }

  std::optional<Status> ask(const net::Endpoint& target) const {
    const Caller caller = call_socket(socket());
    if (!caller.ask_tcp(target)) return std::nullopt;
    const auto answer = caller.answer();
    return answer ? std::optional(answer->status) : std::nullopt;
  }

  Caller flow_to(const Target& target) const {
    Caller caller = call_socket(socket());
    EXPECT_TRUE(caller.ask_tcp(target.endpoint()));
    EXPECT_EQ(caller.answer()->status, Status::kOk);
    return caller;
  }

  fs::path folder_;
  pid_t parent_ = -1;
  bool may_be_raw_ = true;  ///< whether it is started with CAP_NET_RAW
  std::optional<Manager> manager_;
};

TEST_F(Program, LocksItsChildIn) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const std::string process = "/proc/" + std::to_string(child());
  EXPECT_EQ(fs::read_symlink(process + "/root"), folder_ / "gaol");
  EXPECT_EQ(fs::read_symlink(process + "/cwd"), folder_ / "gaol");
  std::size_t descriptors = 0;
  for (const auto& entry : fs::directory_iterator(process + "/fd")) {
    ++descriptors;
    const std::string what = fs::read_symlink(entry.path());
    EXPECT_TRUE(what.starts_with("socket:") || what == "/dev/null" || what == "anon_inode:[eventpoll]" || what == folder_ / "log") << what;
  }
  EXPECT_EQ(descriptors, 7u) << "nothing twice, the log, the socket, the parent twice, epoll";
  const std::string status = content_of(process + "/status");
  const auto nobody = find_account("nobody");
  ASSERT_TRUE(nobody);
  const std::string uid = std::to_string(nobody->uid);
  const std::string gid = std::to_string(nobody->gid);
  EXPECT_THAT(status, HasSubstr("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\n"));
  EXPECT_THAT(status, HasSubstr("Gid:\t" + gid + "\t" + gid + "\t" + gid + "\t" + gid + "\n"));
  EXPECT_THAT(status, HasSubstr("Groups:\t" + gid + " \n"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2\n"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_THAT(status, HasSubstr(std::string(set) + ":\t0000000000000000\n"));
  struct stat found {};
  ASSERT_EQ(::stat(socket().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0660u);
  EXPECT_EQ(found.st_uid, 0u);
  EXPECT_EQ(found.st_gid, find_group("nogroup").value());
}

/// Every call that the loop makes is on the list: bulk in both directions goes through it, and the child still lives.
TEST_F(Program, CarriesBulkInsideTheSandbox) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const pid_t process = child();
  const Target target;
  const Caller caller = flow_to(target);
  const UniqueFd far = target.accept();
  const std::string much = noise(32u << 20, 9);
  std::jthread up([&] { EXPECT_TRUE(caller.send_data(much) && caller.send(wire::encode_end())); });
  EXPECT_TRUE(read_rest(far.get())->bytes == much);
  std::jthread down([&] { EXPECT_TRUE(write_all(far.get(), much)); ::shutdown(far.get(), SHUT_WR); });
  std::optional<Caller::Frame> last;
  EXPECT_TRUE(caller.data(last) == much);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->type, wire::FrameType::kEnd);
  EXPECT_EQ(child(), process);
}

TEST_F(Program, CarriesDatagramsAndPingsInsideTheSandbox) {
  configure("access: [{account: \"*\", to: [127.0.0.1/32, \"::1/128\"]}]");
  ASSERT_NO_FATAL_FAILURE(serve());
  const pid_t process = child();
  for (const char* address : {"127.0.0.1", "::1"}) {
    net::Endpoint there;
    const Caller caller = call_socket(socket());
    {
      const UdpTarget target(address);
      there = target.endpoint();
      ASSERT_TRUE(caller.ask({.kind = wire::Kind::kUdp, .target = there}) && caller.send_datagram("question"));
      EXPECT_EQ(caller.answer()->status, Status::kOk);
      const auto came = target.receive();
      ASSERT_TRUE(came && target.send("answer", came->from));
      EXPECT_EQ(caller.frame()->payload, "answer");
    }
    ASSERT_TRUE(caller.send_datagram("to nobody"));
    EXPECT_EQ(caller.frame()->type, wire::FrameType::kUnreachable);
    ASSERT_TRUE(caller.send(wire::encode_end()));
    EXPECT_TRUE(read_rest(caller.fd()));
    const Caller pings = call_socket(socket());
    ASSERT_TRUE(pings.ask({.kind = wire::Kind::kEcho, .target = net::Endpoint{there.address, 0}}) &&
                pings.send_datagram(std::string("tokn\0payload", 12)));
    EXPECT_EQ(pings.answer()->status, Status::kOk);
    EXPECT_EQ(pings.frame()->payload, "tokn\x40payload");
  }
  EXPECT_EQ(child(), process);
}

TEST_F(Program, GoesByTheCallersAccount) {
  configure("access: [{account: daemon, to: [127.0.0.1/32]}]");
  ASSERT_NO_FATAL_FAILURE(serve());
  const Target target;
  EXPECT_EQ(ask(target.endpoint()), Status::kProhibited) << "root is not listed";
  const auto account = find_account("daemon");
  ASSERT_TRUE(account);
  const gid_t group = find_group("nogroup").value();
  const pid_t other = ::fork();
  if (other == 0) {
    const bool changed = ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(account->uid) == 0;
    ::_exit(changed && ask(target.endpoint()) == Status::kOk ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST_F(Program, ReloadsAtSighupAndKeepsLiveFlows) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const Target target;
  const Caller live = flow_to(target);
  const UniqueFd far = target.accept();
  configure("access: [{account: \"*\", to: [10.9.9.9/32]}]");
  ::kill(parent_, SIGHUP);
  EXPECT_TRUE(manager_->hears("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(manager_->hears("READY=1"));
  EXPECT_EQ(ask(target.endpoint()), Status::kProhibited);
  ASSERT_TRUE(live.send_data("still here"));
  EXPECT_EQ(read_exactly(far.get(), 10), "still here");

  configure("acess: []");
  ::kill(parent_, SIGHUP);
  EXPECT_TRUE(logs("not reloaded"));
  EXPECT_THAT(log(), HasSubstr("acess"));
  EXPECT_EQ(ask(target.endpoint()), Status::kProhibited) << "what was in force stays";
  ASSERT_TRUE(live.send_data("and here"));
  EXPECT_EQ(read_exactly(far.get(), 8), "and here");
}

TEST_F(Program, DrainsAtSigterm) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const Target target;
  const Caller live = flow_to(target);
  UniqueFd far = target.accept();
  ::kill(parent_, SIGTERM);
  EXPECT_TRUE(manager_->hears("STOPPING=1"));
  EXPECT_TRUE(eventually([&] { return call_socket(socket()).fd() < 0; }));
  ASSERT_TRUE(live.send_data("last words") && live.send(wire::encode_end()));
  EXPECT_EQ(read_rest(far.get())->bytes, "last words");
  far.reset();
  EXPECT_EQ(live.frame()->type, wire::FrameType::kEnd);
  EXPECT_EQ(wait(), 0);
  EXPECT_THAT(log(), HasSubstr("counters: accepted 1; finished 1"));
}

constexpr const char* kReading = "0000000000000024";        // CAP_DAC_READ_SEARCH, CAP_KILL
constexpr const char* kReadingAndRaw = "0000000000002024";  // and CAP_NET_RAW
constexpr const char* kNothing = "0000000000000000";

/// The parent has the capability in effect only while an account has client sources, the child never; the flows of before
/// go on through all of it.
TEST_F(Program, TakesUpAndGivesUpClientSourcesAtAReload) {
  const std::string plain = "access: [{account: \"*\", to: [10.0.32.0/24]}]";
  const std::string clients = "access: [{account: \"*\", to: [10.0.32.0/24], source: client, from: [10.0.31.0/24]}]";
  const Target target("10.0.32.1");
  const auto client = net::Endpoint::parse("10.0.31.2:40000");
  const auto flow = [&] {
    Caller caller = call_socket(socket());
    EXPECT_TRUE(caller.ask({.kind = wire::Kind::kTcp, .target = target.endpoint(), .client = client}));
    const auto answer = caller.answer();
    return std::tuple(std::move(caller), answer ? answer->local : std::nullopt, target.accept());
  };
  const auto reload = [&](const std::string& access) {
    configure(access);
    ::kill(parent_, SIGHUP);
    EXPECT_TRUE(manager_->hears("READY=1")) << log();
  };
  configure(plain);
  ASSERT_NO_FATAL_FAILURE(serve());
  const pid_t process = child();
  EXPECT_EQ(in_effect(parent_), kReading);
  const auto before = flow();
  EXPECT_EQ(std::get<1>(before)->address.to_string(), "10.0.32.1");
  reload(clients);
  EXPECT_EQ(in_effect(parent_), kReadingAndRaw);
  EXPECT_EQ(in_effect(process), kNothing);
  const auto with = flow();
  EXPECT_EQ(std::get<1>(with), client);
  reload(plain);
  EXPECT_EQ(in_effect(parent_), kReading);
  const auto after = flow();
  EXPECT_EQ(std::get<1>(after)->address.to_string(), "10.0.32.1");
  reload(clients);
  const auto again = flow();
  EXPECT_EQ(std::get<1>(again)->address, client->address);
  for (const auto* each : {&before, &with, &after, &again}) {
    ASSERT_TRUE(std::get<0>(*each).send_data("still here"));
    EXPECT_EQ(read_exactly(std::get<2>(*each).get(), 10), "still here");
  }
  EXPECT_EQ(child(), process);
  EXPECT_EQ(in_effect(process), kNothing);
}

/// A port below 1024 is not for the relay: another one then.
TEST_F(Program, GivesAClientOfALowPortAnother) {
  configure("access: [{account: \"*\", to: [10.0.32.0/24], source: client, from: [10.0.31.0/24]}]");
  ASSERT_NO_FATAL_FAILURE(serve());
  const Target target("10.0.32.1");
  const Caller caller = call_socket(socket());
  ASSERT_TRUE(caller.ask({.kind = wire::Kind::kTcp, .target = target.endpoint(), .client = net::Endpoint::parse("10.0.31.2:123")}));
  const auto answer = caller.answer();
  ASSERT_TRUE(answer && answer->local);
  EXPECT_EQ(answer->local->address.to_string(), "10.0.31.2");
  EXPECT_GE(answer->local->port, 1024);
}

TEST_F(Program, SaysWhatClientSourcesLack) {
  may_be_raw_ = false;
  configure("access: [{account: \"*\", to: [127.0.0.1/32], source: client, from: [10.0.31.0/24]}]");
  ASSERT_NO_FATAL_FAILURE(serve());
  EXPECT_TRUE(logs("source: client will not work: CAP_NET_RAW is missing"));
  const Caller caller = call_socket(socket());
  ASSERT_TRUE(caller.ask({.kind = wire::Kind::kTcp, .target = net::Endpoint::parse("127.0.0.1:80"), .client = net::Endpoint::parse("10.0.31.2:123")}));
  EXPECT_EQ(caller.answer()->status, Status::kFailed);
  EXPECT_TRUE(logs("source: client needs CAP_NET_RAW"));
}

TEST_F(Program, EndsWithItsChild) {
  ASSERT_NO_FATAL_FAILURE(serve());
  ASSERT_EQ(::kill(child(), SIGKILL), 0);
  EXPECT_EQ(wait(), 70);
  EXPECT_THAT(log(), HasSubstr("killed by signal 9"));
}

TEST_F(Program, TakesItsChildWithIt) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const pid_t process = child();
  const Target target;
  const Caller live = flow_to(target);
  const UniqueFd far = target.accept();
  ::kill(parent_, SIGKILL);
  EXPECT_EQ(wait(), -1);
  EXPECT_TRUE(eventually([&] { return ::kill(process, 0) != 0; }));
  EXPECT_FALSE(live.frame()) << "no end frame: the gateway sees a broken flow";
}

TEST_F(Program, ReplacesAStaleSocketAndRespectsALiveOne) {
  ASSERT_NO_FATAL_FAILURE(serve());
  const pid_t first = std::exchange(parent_, -1);
  start();
  EXPECT_EQ(wait(), 73);
  EXPECT_THAT(log(), HasSubstr("another process listens there already"));
  ::kill(first, SIGKILL);
  (void)::waitpid(first, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return call_socket(socket()).fd() < 0; }));
  EXPECT_TRUE(fs::exists(socket()));
  ASSERT_NO_FATAL_FAILURE(serve());
  const Target target;
  EXPECT_EQ(ask(target.endpoint()), Status::kOk);
}

TEST_F(Program, RefusesAGaolThatOthersCanWrite) {
  ::chmod((folder_ / "gaol").c_str(), 0777);
  start();
  EXPECT_EQ(wait(), 73);
  EXPECT_THAT(log(), HasSubstr("only root can write"));
}

TEST_F(Program, KeepsTheWatchdogFedAndReports) {
  ASSERT_NO_FATAL_FAILURE(serve());
  EXPECT_TRUE(manager_->hears("WATCHDOG=1"));
  EXPECT_TRUE(manager_->hears("WATCHDOG=1"));
  ::kill(child(), SIGSTOP);
  // What was on its way may still come; then nothing does: a loop that hangs does not feed it.
  EXPECT_TRUE(eventually([&] {
    char buffer[64];
    pollfd heard = {manager_->fd(), POLLIN, 0};
    const bool silent = ::poll(&heard, 1, 500) == 0;
    if (!silent) (void)::recv(manager_->fd(), buffer, sizeof buffer, 0);
    return silent;
  }));
  ::kill(child(), SIGCONT);
  ::kill(parent_, SIGUSR1);
  EXPECT_TRUE(logs("counters: accepted 0; open: flows 0"));
}

TEST_F(Program, SaysWhatIsWrongWithItsConfiguration) {
  configure("limits: {flows: 0}");
  start({"--check"});
  EXPECT_EQ(wait(), 78);
  EXPECT_THAT(log(), HasSubstr("relay.yaml:5:17: error:"));
  start();
  EXPECT_EQ(wait(), 78);
  configure("");
  start({"--check"});
  EXPECT_EQ(wait(), 0);
  start({"--no-such-option"});
  EXPECT_EQ(wait(), 64);
  std::ofstream(folder_ / "relay.yaml") << "networks: [10.0.32.0/24]\nuser: no-such-account\n";
  start();
  EXPECT_EQ(wait(), 78);
  EXPECT_THAT(log(), HasSubstr("no-such-account"));
}

}  // namespace
}  // namespace dvpn::relay::test
