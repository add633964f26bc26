// SPDX-License-Identifier: GPL-2.0-or-later
// The calls that ask dvpnd, against a socket that answers as dvpnd does: what is printed and how `dvpn` ends.
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/unique_fd.h"
#include "cli/app.h"
#include "cli/control_client.h"
#include "cli/render.h"

namespace dvpn::cli {
namespace {

constexpr const char* kStatus =
    R"({"v":1,"ok":true,"version":"0.1.0","pid":7,"uptime_s":12,"site":["10.0.31.0/24","fd00:31::/64"],)"
    R"("table":{"path":"/etc/dvpn/hosts","routes":2,"prefixes":3,"loaded_at":"2026-01-01T00:00:00Z","age_s":5,"error":null},)"
    R"("config":{"path":"/etc/dvpn/dvpnd.yaml","error":null},"rules":{"state":"in-place"},"sets":{"state":"synced","error":null},)"
    R"("flows":{"open":1,"total":10,"refused":0,"limit":20000},"ended":{"done":9,"refused":1},)"
    R"("gate":{"mode":"hold","error":null,"held":3,"limit":10000,"waiting":1,"verdicts":{"pass":8,"reset":1,"host-unreachable":0,)"
    R"("network-unreachable":0,"prohibited":0,"silence":2},"bypassed":0},)"
    R"("udp":{"carried":true,"error":null,"flows":2,"limit":5000,"up":30,"down":29,"dropped_up":1,"dropped_down":2,"late":3,"unreachable":4},)"
    R"("ping":{"carried":true,"error":null,"flows":2,"limit":2000,"up":30,"down":29,"dropped_up":1,"dropped_down":2,"unreachable":4,)"
    R"("unanswered":5},)"
    R"("bytes":{"up":1,"down":2048},"rate":{"up":0,"down":1536},"open_ms":{"p50":0.9,"p90":2.25,"p99":40},)"
    R"("memory":{"resident":20971520,"windows":0,"windows_limit":268435456},"sessions":2,)"
    R"("gateways":[{"name":"203.0.113.7","state":"up","sessions":1,"flows":1,"opens":10,"failures":0,"rtt_ms":0.44,)"
    R"("last_error":null,"retry_in_s":null,"rate":{"up":512,"down":1024}}]})";

constexpr const char* kStatusText =
    "dvpnd 0.1.0, pid 7, up 12s\n"
    "  site      10.0.31.0/24 fd00:31::/64\n"
    "  config    /etc/dvpn/dvpnd.yaml\n"
    "  table     /etc/dvpn/hosts: 2 routes, 3 prefixes, loaded 5s ago\n"
    "  rules     in place, sets synced\n"
    "  sessions  2\n"
    "  flows     1 open of 20000, 10 in all, 0 refused\n"
    "  gate      hold: 3 held of 10000, 8 pass, 1 reset, 2 silence, 0 bypassed\n"
    "  udp       2 flows of 5000, 30 datagrams up, 29 down, 6 dropped, 4 unreachable\n"
    "  pings     2 flows of 2000, 30 up, 29 answered, 5 unanswered, 3 dropped, 4 unreachable\n"
    "  ended     9 done, 1 refused\n"
    "  opening   half within 0.9ms, nine in ten within 2.2ms, 99 % within 40.0ms\n"
    "  bytes     1 B up, 2.0 KiB down; now 0 up, 1.5 KiB/s down\n"
    "  memory    20.0 MiB, windows 0 B of 256.0 MiB\n"
    "\n"
    "GATEWAY      STATE  SESSIONS  FLOWS  OPENS  FAILURES  RTT    RATE       RETRY IN  LAST ERROR\n"
    "203.0.113.7  up     1         1      10     0         0.4ms  1.5 KiB/s  -         -\n";

/// Listens on a unix socket and gives one caller one answer.
class Daemon {
 public:
  Daemon() {
    char form[] = "/tmp/dvpn-cli-XXXXXX";
    folder_ = ::mkdtemp(form);
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().data(), path().size());
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof address);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&storage), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
  }
  ~Daemon() {
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/s"; }
  std::string request() {
    thread_.join();
    return request_;
  }
  void stop_listening() { listener_.reset(); }

  void answer(std::string text) {
    thread_ = std::thread([this, text = std::move(text)] {
      pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 5000) != 1) return;
      const UniqueFd caller(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char buffer[4096];
      while (request_.find('\n') == std::string::npos) {
        const ssize_t count = ::recv(caller.get(), buffer, sizeof buffer, 0);
        if (count <= 0) return;
        request_.append(buffer, static_cast<std::size_t>(count));
      }
      // In two pieces: a stream keeps no boundaries.
      const std::size_t half = text.size() / 2;
      EXPECT_GE(::send(caller.get(), text.data(), half, MSG_NOSIGNAL), 0);
      EXPECT_GE(::send(caller.get(), text.data() + half, text.size() - half, MSG_NOSIGNAL), 0);
    });
  }

 private:
  std::string folder_;
  UniqueFd listener_;
  std::thread thread_;
  std::string request_;
};

class DvpnCall : public ::testing::Test {
 protected:
  int call(std::vector<std::string> words, const std::string& answer) {
    Daemon daemon;
    daemon.answer(answer + '\n');
    words.insert(words.end(), {"--socket", daemon.path()});
    const int code = plain(words);
    request_ = daemon.request();
    return code;
  }

  int plain(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string out_;
  std::string err_;
  std::string request_;
};

TEST_F(DvpnCall, StatusOfAHealthyDaemon) {
  EXPECT_EQ(call({"status"}, kStatus), 0);
  EXPECT_EQ(request_, "{\"call\":\"status\",\"v\":1}\n");
  EXPECT_EQ(out_, kStatusText);
  EXPECT_EQ(err_, "");
}

TEST_F(DvpnCall, StatusAsJsonIsTheDaemonsAnswer) {
  EXPECT_EQ(call({"status", "--json"}, kStatus), 0);
  EXPECT_EQ(nlohmann::json::parse(out_), nlohmann::json::parse(kStatus));
}

TEST_F(DvpnCall, StatusNamesEachDegradationAndEndsWithOne) {
  auto status = nlohmann::json::parse(kStatus);
  status["table"]["error"] = "hosts:1:2: error: x\n  y\n   ^";
  status["config"]["error"] = "gone";
  status["sets"] = {{"state", "failed"}, {"error", "ipset: no"}};
  status["gateways"][0]["state"] = "backoff";
  status["gateways"][0]["last_error"] = "connection \x1b[31mrefused";
  status["gateways"][0]["retry_in_s"] = 1.5;
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("203.0.113.7  backoff  1         1      10     0         0.4ms  1.5 KiB/s  1.5s      connection ?[31mrefused\n"
                             "\ndegraded: the table on disk is not in use:\nhosts:1:2: error: x\n  y\n   ^\n"
                             "\ndegraded: the configuration on disk is not in use: gone\n"
                             "\ndegraded: the firewall's sets are not up to date: ipset: no\n"
                             "\ndegraded: gateway 203.0.113.7 is down: connection ?[31mrefused\n"))
      << out_;
  EXPECT_EQ(call({"status", "--json"}, status.dump()), 1);
}

TEST_F(DvpnCall, StatusSaysThatAGatewayHoldsUsBackAndWhatToSetThere) {
  auto status = nlohmann::json::parse(kStatus);
  status["gateways"][0]["last_error"] = "turned away";
  status["gateways"][0]["limited"] = true;
  status["gateways"][0]["remedy"] = "raise MaxStartups";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: gateway 203.0.113.7 holds us back: turned away; raise MaxStartups\n")) << out_;
  EXPECT_EQ(call({"gateways"}, nlohmann::json{{"v", 1}, {"ok", true}, {"gateways", status["gateways"]}}.dump()), 0);
  EXPECT_TRUE(out_.ends_with("turned away\n203.0.113.7: raise MaxStartups\n")) << out_;
}

TEST_F(DvpnCall, StatusSaysThatACertificateEnds) {
  auto status = nlohmann::json::parse(kStatus);
  const auto with = [&](const char* state) {
    status["keys"] = {{{"path", "/k"}, {"certificate", {{"id", "a"}, {"state", state}, {"from", "F"}, {"to", "T"}}}}};
    return call({"status"}, status.dump());
  };
  EXPECT_EQ(with("valid"), 0);
  EXPECT_EQ(with("ends-soon"), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: the certificate of /k (a) ends at T; put a new one in its place, then dvpn reload\n")) << out_;
  EXPECT_EQ(with("ended"), 1);
  EXPECT_EQ(with("not-yet"), 1);
  EXPECT_TRUE(out_.ends_with("(a) is not valid before F: see whether the clock here is right\n")) << out_;
}

TEST_F(DvpnCall, StatusSaysWhatIsWrongWithTheGate) {
  auto status = nlohmann::json::parse(kStatus);
  status["gate"] = {{"mode", "accept-first"}, {"error", nullptr}};
  EXPECT_EQ(call({"status"}, status.dump()), 0);
  EXPECT_NE(out_.find("\n  gate      accept-first\n"), std::string::npos) << out_;
  status["gate"]["error"] = "netfilter queue 9040: no";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: there is no gate, connections are accepted first: netfilter queue 9040: no\n")) << out_;
  status["gate"] = {{"mode", "hold"}, {"error", nullptr}, {"held", 0}, {"limit", 10}, {"verdicts", {{"pass", 0}}}, {"bypassed", 7}};
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: connections come past the gate, and none is held; dvpn-rules install\n")) << out_;
  status["gate"]["verdicts"]["reset"] = 1;
  EXPECT_EQ(call({"status"}, status.dump()), 0);
}

TEST_F(DvpnCall, StatusTellsWhatIsTurnedOffFromWhatCannotBe) {
  auto status = nlohmann::json::parse(kStatus);
  status["udp"]["carried"] = status["ping"]["carried"] = false;
  EXPECT_EQ(call({"status"}, status.dump()), 0);
  EXPECT_NE(out_.find("\n  udp       off (udp.carry)\n  pings     off (ping.carry)\n"), std::string::npos) << out_;
  status["udp"]["error"] = status["ping"]["error"] = "no queue";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: no UDP is carried: no queue\n\ndegraded: no pings are carried: no queue\n")) << out_;
}

TEST_F(DvpnCall, StatusSaysThatRulesAreNotInPlace) {
  auto status = nlohmann::json::parse(kStatus);
  status["rules"]["state"] = "absent";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("\ndegraded: the firewall's rules are not in place, so nothing is caught; dvpn-rules install\n")) << out_;
  EXPECT_NE(out_.find("\n  rules     absent, sets synced\n"), std::string::npos) << out_;
  status["sets"]["state"] = "absent";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("-\n\ndegraded: the firewall's sets are absent; dvpn-rules install\n")) << out_;
}

TEST_F(DvpnCall, StatusStaysOnOneScreen) {
  auto status = nlohmann::json::parse(kStatus);
  for (int i = 0; i < 20; ++i) status["gateways"].push_back({{"name", "g" + std::to_string(i)}, {"state", "up"}});
  status["gateways_left_out"] = 4;
  EXPECT_EQ(call({"status"}, status.dump()), 0);
  EXPECT_TRUE(out_.ends_with("\nand 13 more gateways: dvpn gateways\n")) << out_;
}

TEST_F(DvpnCall, StatusSaysARefusedReloadOnce) {
  auto status = nlohmann::json::parse(kStatus);
  status["table"]["error"] = "hosts:1:2: error: x\n";
  status["config"]["error"] = "hosts:1:2: error: x\n";
  EXPECT_EQ(call({"status"}, status.dump()), 1);
  EXPECT_TRUE(out_.ends_with("-\n\ndegraded: configuration and table on disk are not in use: hosts:1:2: error: x\n")) << out_;
}

TEST_F(DvpnCall, FlowsGatewaysAndRedirects) {
  EXPECT_EQ(call({"flows"}, R"({"v":1,"ok":true,"flows":[{"id":7,"protocol":"udp","client":"10.0.31.5:40000","destination":"10.0.32.1:80",)"
                            R"("gateway":"203.0.113.7","via":"relay","state":"open","age_s":1.5,"up":10,"down":20,"rate_up":1024,"rate_down":1024}]})"),
            0);
  EXPECT_EQ(out_,
            "ID  PROTOCOL  CLIENT           DESTINATION   GATEWAY      VIA    STATE  AGE   UP    DOWN  RATE\n"
            "7   udp       10.0.31.5:40000  10.0.32.1:80  203.0.113.7  relay  open   1.5s  10 B  20 B  2.0 KiB/s\n");
  EXPECT_EQ(call({"flows"}, R"({"v":1,"ok":true,"flows":[]})"), 0);
  EXPECT_EQ(out_, "no flows\n");
  EXPECT_EQ(call({"flows", "--kernel"}, R"({"v":1,"ok":true,"redirects":[{"client":"10.0.31.5:40000",)"
                                        R"("destination":"10.0.32.1:80","state":"ESTABLISHED"}]})"),
            0);
  EXPECT_EQ(request_, "{\"call\":\"redirects\",\"v\":1}\n");
  EXPECT_EQ(out_, "CLIENT           DESTINATION   STATE\n10.0.31.5:40000  10.0.32.1:80  ESTABLISHED\n");
  EXPECT_EQ(call({"gateways"}, R"({"v":1,"ok":true,"gateways":[]})"), 0);
  EXPECT_EQ(out_, "no gateway has been used yet\n");
}

TEST_F(DvpnCall, WhyShowsTheStopsAndTheSentenceAndEndsAccordingly) {
  const std::string no = R"({"v":1,"ok":true,"carried":false,"stops_at":"table","sentence":"no line: add one","steps":[)"
                         R"({"step":"own-networks","state":"ok","text":"not own"},{"step":"table","state":"stop","text":"no line"}]})";
  EXPECT_EQ(call({"why", "10.0.33.9:445", "--from", "10.0.31.5", "--udp"}, no), 1);
  EXPECT_EQ(request_, "{\"call\":\"why\",\"destination\":\"10.0.33.9:445\",\"from\":\"10.0.31.5\",\"protocol\":\"udp\",\"v\":1}\n");
  EXPECT_EQ(out_, "  ok    own-networks  not own\n  stop  table         no line\nno line: add one\n");
  EXPECT_EQ(call({"why", "a:1", "--connect"}, R"({"v":1,"ok":true,"carried":true,"sentence":"yes","steps":[]})"), 0);
  EXPECT_EQ(request_, "{\"call\":\"why\",\"connect\":true,\"destination\":\"a:1\",\"protocol\":\"tcp\",\"v\":1}\n");
  EXPECT_EQ(call({"why", "a:1"}, R"({"v":1,"ok":false,"error":"no such name"})"), 64);
  EXPECT_EQ(err_, "dvpn: no such name\n");
  EXPECT_EQ(plain({"why"}), 64);
  EXPECT_EQ(plain({"why", "a", "--udp", "--connect"}), 64);
  EXPECT_EQ(plain({"why", "a", "--socket", "/nonexistent/socket"}), 69);
}

TEST_F(DvpnCall, ReloadPrintsWhatChangedOrTheDiagnosticsAsTheyAre) {
  EXPECT_EQ(call({"reload"}, R"({"v":1,"ok":true,"table_routes":2,"changed":"1 route added"})"), 0);
  EXPECT_EQ(out_, "reloaded: 2 routes; 1 route added\n");
  EXPECT_EQ(call({"reload"}, R"({"v":1,"ok":false,"error":"/etc/dvpn/hosts:1:2: error: x\n  y\n   ^\n"})"), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "/etc/dvpn/hosts:1:2: error: x\n  y\n   ^\n");
  EXPECT_EQ(call({"reload"}, R"({"v":1,"ok":false,"error":"only root may reload"})"), 1);
  EXPECT_EQ(err_, "dvpn: only root may reload\n");
}

TEST_F(DvpnCall, ADaemonThatIsNotThereIsThree) {
  EXPECT_EQ(plain({"status", "--socket", "/nowhere/s"}), 3);
  EXPECT_EQ(err_, "dvpn: /nowhere/s: there is no such socket; is dvpnd running? systemctl status dvpnd\n");
  Daemon daemon;
  daemon.stop_listening();
  EXPECT_EQ(plain({"status", "--socket", daemon.path()}), 3);
  EXPECT_EQ(err_, "dvpn: " + daemon.path() + ": nobody listens; is dvpnd running? systemctl status dvpnd\n");
  EXPECT_EQ(plain({"status", "--json", "--socket", "/nowhere/s"}), 3);
  EXPECT_EQ(nlohmann::json::parse(out_)["ok"], false);
}

TEST_F(DvpnCall, AnAnswerThatIsNoneIsThree) {
  for (const char* answer : {"", "nonsense", "[]", "{}", R"({"v":2,"ok":true})", R"({"v":1,"ok":"yes"})"}) {
    EXPECT_EQ(call({"status"}, answer), 3) << answer;
    EXPECT_NE(err_.find("the answer is not of this dvpn's version"), std::string::npos) << err_;
  }
}

TEST(CallDaemon, WaitsNoLongerThanItsPatience) {
  const Daemon silent;  // the kernel accepts the connection; nobody answers
  const auto answer = call_daemon(silent.path(), "status", std::chrono::milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().text,
            silent.path() + ": no answer in 50ms; is dvpnd running? systemctl status dvpnd");
}

TEST(CallDaemon, SaysWhenTheDaemonHangsUp) {
  Daemon daemon;
  daemon.answer("half an answer without an end");
  const auto answer = call_daemon(daemon.path(), "status");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text.find("closed the connection without an answer"), std::string::npos);
}

TEST(Render, ShowsDashesForWhatAnAnswerLacks) {
  EXPECT_TRUE(render_status(nlohmann::json::object()).starts_with("dvpnd -, pid -, up -\n"));
  EXPECT_EQ(render_flows(nlohmann::json{{"flows", {nlohmann::json::object()}}}),
            "ID  PROTOCOL  CLIENT  DESTINATION  GATEWAY  VIA  STATE  AGE  UP  DOWN  RATE\n"
            "-   -         -       -            -        -    -      -    -   -     -\n");
  for (const char* odd : {"[]", "1", R"({"flows":7,"gateways":[1,null],"table":[],"uptime_s":-1e300,"ended":[]})"}) {
    const auto answer = nlohmann::json::parse(odd);
    EXPECT_NO_THROW(render_status(answer) + render_flows(answer) + render_gateways(answer) + render_redirects(answer) +
                    render_reload(answer))
        << odd;
  }
}

}  // namespace
}  // namespace dvpn::cli
