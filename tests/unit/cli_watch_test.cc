// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn flows`, `top`, `log` and `web`: what they ask for, what they show, how they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/app.h"
#include "cli/render.h"
#include "cli/screen.h"
#include "cli/top.h"
#include "cli_fake_daemon.h"

namespace dvpn::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kNoFlows = R"({"v":1,"ok":true,"total":0,"left_out":0,"flows":[]})";
constexpr const char* kOneFlow =
    R"({"v":1,"ok":true,"total":3,"left_out":2,"flows":[{"id":7,"protocol":"tcp","client":"10.0.31.5:40000","destination":"10.0.32.1:80",)"
    R"("gateway":"203.0.113.7","via":"relay","state":"open","age_s":1.5,"up":10,"down":20,"rate_up":0,"rate_down":2048}]})";
constexpr const char* kStatus =
    R"({"v":1,"ok":true,"version":"0.1.0","uptime_s":12,"flows":{"open":2},"udp":{"flows":1},"rate":{"up":1024,"down":2048},"sessions":1,)"
    R"("rules":{"state":"in-place"},"sets":{"state":"synced"},"web":{"listen":null},)"
    R"("gateways":[{"name":"203.0.113.7","state":"up"},{"name":"b","state":"backoff","last_error":"refused"}],"gateways_left_out":1})";

class Watch : public testing::Test {
 protected:
  int call(std::vector<std::string> words, std::map<std::string, std::vector<std::string>> answers) {
    FakeDaemon daemon(std::move(answers));
    words.insert(words.end(), {"--socket", daemon.path()});
    std::ostringstream out, err;
    const int code = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    requests_ = daemon.requests();
    return code;
  }

  std::string out_, err_;
  std::vector<json> requests_;
};

TEST_F(Watch, FlowsAsksForWhatTheOptionsSay) {
  EXPECT_EQ(call({"flows", "--from", "10.0.31.0/24", "--to", "10.0.33.9", "--port", "445", "--gateway", "friday", "--protocol", "udp", "--state",
                  "open", "--sort", "rate", "--limit", "5"},
                 {{"flows", {kNoFlows}}}),
            0);
  EXPECT_EQ(requests_.at(0), json::parse(R"({"v":1,"call":"flows","sort":"rate","limit":5,"filter":{"from":"10.0.31.0/24","to":"10.0.33.9",)"
                                         R"("port":445,"gateway":"friday","protocol":"udp","state":"open"}})"));
  EXPECT_EQ(call({"flows"}, {{"flows", {kNoFlows}}}), 0);
  EXPECT_EQ(requests_.at(0), json::parse(R"({"v":1,"call":"flows"})"));
}

TEST_F(Watch, FlowsSaysHowManyThereAreBesides) {
  EXPECT_EQ(call({"flows"}, {{"flows", {kOneFlow}}}), 0);
  EXPECT_THAT(out_, testing::EndsWith("10 B  20 B  2.0 KiB/s\nand 2 more of 3: --limit\n"));
}

TEST_F(Watch, AMistakeOnTheLineAsksNobody) {
  const std::vector<std::vector<std::string>> mistakes = {{"--from", "10.0.31.1/24"}, {"--to", "friday"}, {"--port", "0"}, {"--port", "65536"},
                                                          {"--protocol", "icmp"}, {"--state", "up"}, {"--sort", "name"}, {"--limit", "0"},
                                                          {"--limit", "10001"}, {"--watch=0"}, {"--watch=x"}, {"--watch", "--kernel"}};
  for (std::vector<std::string> words : mistakes) {
    words.insert(words.begin(), "flows");
    EXPECT_EQ(call(words, {}), 2) << words[1];
    EXPECT_TRUE(requests_.empty());
    EXPECT_NE(err_, "");
  }
}

TEST_F(Watch, FlowsWatchesUntilTheDaemonSaysNo) {
  EXPECT_EQ(call({"flows", "--watch=0.1", "--json"}, {{"flows", {kOneFlow, kNoFlows, R"({"v":1,"ok":false,"error":"stopping"})"}}}), 1);
  EXPECT_EQ(requests_.size(), 3u);
  EXPECT_EQ(std::ranges::count(out_, '\n'), 3);
}

TEST_F(Watch, TopWithoutATerminalIsShownOnce) {
  EXPECT_EQ(call({"top", "--port", "80"}, {{"status", {kStatus}}, {"flows", {kOneFlow}}}), 0);
  EXPECT_EQ(requests_.at(1), json::parse(R"({"v":1,"call":"flows","sort":"rate","limit":40,"filter":{"port":80}})"));
  EXPECT_EQ(out_,
            "dvpnd 0.1.0, up 12s, 3 flows, 1 session, 1 of 3 gateways up\n"
            "1.0 KiB/s up, 2.0 KiB/s down\n"
            "degraded: gateway b is down: refused\n"
            "\n"
            "ID  PROTOCOL  CLIENT           DESTINATION   GATEWAY      VIA    STATE  AGE   UP    DOWN  RATE\n"
            "7   tcp       10.0.31.5:40000  10.0.32.1:80  203.0.113.7  relay  open   1.5s  10 B  20 B  2.0 KiB/s\n"
            "and 2 more of 3: --limit\n");
  EXPECT_EQ(call({"top", "--json"}, {{"flows", {kOneFlow}}}), 0);
  EXPECT_EQ(json::parse(out_), json::parse(kOneFlow));
}

TEST(Top, GoesThroughTheOrders) {
  std::string order = "rate";
  std::string all;
  for (int i = 0; i < 5; ++i, order = next_order(order)) all += order + ' ';
  EXPECT_EQ(all, "rate bytes age id rate ");
  EXPECT_EQ(next_order("?"), "rate");
}

TEST(Top, IsClippedToTheScreen) {
  EXPECT_EQ(clip("abc\ndefg\nh\n", {2, 3}), "abc\ndef");
  EXPECT_EQ(clip("a\n\nb\n", {9, 9}), "a\n\nb");
  EXPECT_EQ(clip("", {2, 3}), "");
}

constexpr const char* kLog = R"({"v":1,"ok":true,"next":8,"lost":0,"lines":[{"number":7,"time":"2026-01-01T00:00:00Z","level":"info","text":"flow id=1"},)"
                             R"({"number":8,"time":"2026-01-01T00:00:01Z","level":"warning","text":"a \u001b[31m b"}]})";

TEST_F(Watch, LogShowsTheLastLines) {
  EXPECT_EQ(call({"log", "-n", "2"}, {{"log", {kLog}}}), 0);
  EXPECT_EQ(requests_.at(0), json::parse(R"({"v":1,"call":"log","last":2})"));
  EXPECT_EQ(out_, "2026-01-01T00:00:00Z flow id=1\n2026-01-01T00:00:01Z warning: a ?[31m b\n");
  EXPECT_EQ(call({"log", "--json"}, {{"log", {kLog}}}), 0);
  EXPECT_EQ(json::parse(out_), json::parse(kLog));
}

TEST_F(Watch, LogFollows) {
  const char* const more = R"({"v":1,"ok":true,"next":12,"lost":2,"lines":[{"number":11,"time":"2026-01-01T00:00:02Z","level":"info","text":"c"}]})";
  const char* const none = R"({"v":1,"ok":true,"next":8,"lost":0,"lines":[]})";
  EXPECT_EQ(call({"log", "-f"}, {{"log", {kLog, none, more, R"({"v":1,"ok":false,"error":"stopping"})"}}}), 1);
  EXPECT_EQ(requests_.at(1), json::parse(R"({"v":1,"call":"log","after":8})"));
  EXPECT_EQ(requests_.at(3), json::parse(R"({"v":1,"call":"log","after":12})"));
  EXPECT_THAT(out_, testing::EndsWith("b\n(2 lines of the log came too fast to be kept)\n2026-01-01T00:00:02Z c\n"));
}

TEST_F(Watch, WebShowsTheAddress) {
  EXPECT_EQ(call({"web"}, {{"status", {R"({"v":1,"ok":true,"web":{"listen":"127.0.0.1:9470"}})"}}}), 0);
  EXPECT_EQ(out_, "http://127.0.0.1:9470/\n");
  EXPECT_EQ(call({"web", "--json"}, {{"status", {R"({"v":1,"ok":true,"web":{"listen":"[::1]:9470"}})"}}}), 0);
  EXPECT_EQ(out_, R"({"address":"http://[::1]:9470/","ok":true,"v":1})" "\n");
  EXPECT_EQ(call({"web"}, {{"status", {kStatus}}}), 1);
  EXPECT_THAT(err_, testing::AllOf(HasSubstr("dvpnd serves no status page itself: dvpn web --listen 127.0.0.1:9470 does"), HasSubstr("web: {listen: 127.0.0.1:9470}  into dvpnd's configuration")));
}

TEST_F(Watch, WebServesNothingItCannot) {
  for (const char* wrong : {"127.0.0.1", "localhost:9470", "127.0.0.1:0", ":9470", "/run/s"}) {
    EXPECT_EQ(call({"web", "--listen", wrong}, {{"status", {kStatus}}}), 64) << wrong;
    EXPECT_THAT(err_, HasSubstr("is no address with a port"));
  }
  EXPECT_EQ(call({"web", "--listen", "192.0.2.1:9470"}, {{"status", {kStatus}}}), 64);
  EXPECT_THAT(err_, HasSubstr("other machines can reach 192.0.2.1:9470, and the page has no password"));
  EXPECT_EQ(call({"web", "--remote", "--listen", "192.0.2.1:9470"}, {{"status", {kStatus}}}), 69) << "it is not ours";
  EXPECT_THAT(err_, HasSubstr("--listen: 192.0.2.1:9470: Cannot assign requested address"));
}

}  // namespace
}  // namespace dvpn::cli
