// SPDX-License-Identifier: GPL-2.0-or-later
//
// Metrics and the status page as their readers meet them: promtool, a real Prometheus that scrapes and answers a query, and a real
// Chromium that runs the page. One lab serves all tests; site a serves both on loopback, and site b metrics on a unix socket.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json_page.h"
#include "site_daemon.h"

namespace dvpn::lab {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Site a();
Site b();

Shared<Lab> lab([] {
  lab.make(two_sites("site c networks 10.0.33.0/24 wan 203.0.113.3 hosts 1\nsite d networks 10.0.34.0/24 wan 203.0.113.4 hosts 1\n"
                     "link b delay 12ms\nlink c delay 30ms\n"));
  lab->step("install");
  configure(a(), "metrics", "listen: 127.0.0.1:9469");
  configure(a(), "web", "listen: 127.0.0.1:9470");
  configure(b(), "metrics", "listen: " + b().path("run/metrics.sock"));
  lab->step("sshd", {"b", "c"});
  for (const char* step : {"rules", "relay", "daemon"}) lab->step(step, {"a", "b", "c"});
});
Shared<std::vector<Process>> servers([] {
  servers.make();
  servers->push_back(lab->host("b.h1").serve_page(80, "hello"));
  servers->push_back(lab->host("c.h1").serve_page(80, "hello"));
  for (const char* url : {"http://10.0.32.2/", "http://10.0.33.2/", "http://10.0.32.2:81/", "http://10.0.34.2/"}) lab->host("a.h1").run(std::string("curl -s -m 5 ") + url);
});

Site a() { return lab->site("a"); }
Site b() { return lab->site("b"); }

Result curl(const std::string& arguments) { return lab->host("a.gw").run("curl -s -m 10 " + arguments); }
std::string code(const std::string& arguments) { return curl("-o /dev/null -w '%{http_code}' " + arguments).out; }

TEST(Metrics, AreAsPrometheusWantsThem) {
  const Result checked = lab->host("a.gw").run("curl -sf http://127.0.0.1:9469/metrics | promtool check metrics");
  EXPECT_EQ(checked.exit, 0) << checked.out << checked.err;
  EXPECT_EQ(checked.out + checked.err, "") << "promtool has something to say";
  const Result text = curl("-f http://127.0.0.1:9469/metrics");
  EXPECT_THAT(text.out, HasSubstr("dvpn_flows_ended_total{reason=\"refused\"} 1\n"));
  EXPECT_THAT(text.out, HasSubstr("dvpn_gateway_down{gateway=\"203.0.113.4\"} 1\n"));
}

TEST(Metrics, NothingElseIsServedThere) {
  for (const char* path : {"", "metrics/", "status.json", "flows.json", "../etc/passwd"}) EXPECT_EQ(code("--path-as-is http://127.0.0.1:9469/" + std::string(path)), "404") << path;
  EXPECT_EQ(code("-X POST http://127.0.0.1:9469/metrics"), "405");
  EXPECT_EQ(code("-H 'Host: evil.example' http://127.0.0.1:9469/metrics"), "403");
  EXPECT_NE(lab->host("a.h1").run("curl -s -m 3 http://10.0.31.1:9469/metrics").exit, 0) << "loopback alone";
  EXPECT_NE(lab->wan().run("curl -s -m 3 http://203.0.113.1:9469/metrics").exit, 0);
}

TEST(Metrics, AreServedOnAUnixSocketToo) {
  const std::string socket = b().path("run/metrics.sock");
  EXPECT_THAT(b().gateway().run("curl -sf --unix-socket " + socket + " http://anything/metrics").out, HasSubstr("dvpn_build_info{"));
  EXPECT_NE(b().gateway().run("setpriv --reuid 65534 --regid 65534 --clear-groups curl -sf --unix-socket " + socket + " http://x/metrics").exit, 0) << "mode 0660";
}

TEST(Metrics, ARealPrometheusScrapesThem) {
  const std::string folder = a().path("prometheus");
  run_here("mkdir -p " + folder);
  a().write("prometheus/prometheus.yml",
            "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: dvpn, static_configs: [{targets: ['127.0.0.1:9469']}]}]\n");
  const Process prometheus = a().gateway().start("exec prometheus --config.file=" + folder + "/prometheus.yml --storage.tsdb.path=" + folder +
                                                 "/data --web.listen-address=127.0.0.1:9090 --log.level=warn");
  const auto query = [](const std::string& expression) {
    const json answer = json::parse(curl("-G --data-urlencode 'query=" + expression + "' http://127.0.0.1:9090/api/v1/query").out, nullptr, false);
    if (!answer.is_object() || answer["status"] != "success" || answer["data"]["result"].empty()) return std::string();
    return answer["data"]["result"][0]["value"][1].get<std::string>();
  };
  EXPECT_TRUE(wait_until([&] { return query("sum(dvpn_flows_ended_total{reason=\"done\"})") == "2"; }, 30s, "Prometheus to answer")) << prometheus.err();
  EXPECT_EQ(query("up{job=\"dvpn\"}"), "1");
  EXPECT_EQ(query("dvpn_rules_state{state=\"in-place\"}"), "1");
  EXPECT_EQ(query("count(dvpn_gateway_up)"), "3");
  const std::string quantile = query("histogram_quantile(0.99, sum by (le) (dvpn_open_seconds_bucket))");
  ASSERT_NE(quantile, "");
  EXPECT_GT(std::stod(quantile), 0.02);
  EXPECT_LT(std::stod(quantile), 5);
}

TEST(Web, ServesThePageAndItsDataForReadingAlone) {
  EXPECT_THAT(curl("-i http://127.0.0.1:9470/").out, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self';"));
  const JsonPage page(source_folder() + "/man/dvpn-json.7");
  EXPECT_EQ(page.differences("status", json::parse(curl("http://127.0.0.1:9470/status.json").out, nullptr, false)), std::vector<std::string>{});
  EXPECT_EQ(page.differences("flows", json::parse(curl("http://127.0.0.1:9470/flows.json?sort=rate").out, nullptr, false)), std::vector<std::string>{});
  EXPECT_EQ(code("'http://127.0.0.1:9470/flows.json?limit=x'"), "400");
  EXPECT_THAT(curl("'http://127.0.0.1:9470/flows.json?limit=x'").out, HasSubstr("limit: 'x' is no number from 1 to 10000"));
  for (const char* path : {"metrics", "page.html", "reload", "%2e%2e/"}) EXPECT_EQ(code("http://127.0.0.1:9470/" + std::string(path)), "404") << path;
  EXPECT_EQ(code("-X POST http://127.0.0.1:9470/status.json"), "405");
  EXPECT_EQ(code("-H 'Host: evil.example:9470' http://127.0.0.1:9470/status.json"), "403") << "DNS rebinding";
  EXPECT_EQ(code("-H 'Host: localhost:9470' http://127.0.0.1:9470/status.json"), "200");
  EXPECT_EQ(dvpn(a(), "web").out, "http://127.0.0.1:9470/\n");
  EXPECT_EQ(dvpn(b(), "web").exit, 1);
}

TEST(Web, TheOperatorsProgramServesTheSame) {
  const Process page = a().gateway().start("exec " DVPN_LAB_DVPN " web --listen 127.0.0.1:9471 -c " + a().path("etc/dvpnd.yaml"));
  ASSERT_TRUE(page.wait_for_output("http://127.0.0.1:9471/")) << page.err();
  const auto fetch = [](const std::string& what) { return curl(what).out; };
  for (const char* file : {"", "page.js", "page.css"}) EXPECT_EQ(fetch("http://127.0.0.1:9471/" + std::string(file)), curl("http://127.0.0.1:9470/" + std::string(file)).out);
  const JsonPage manual(source_folder() + "/man/dvpn-json.7");
  EXPECT_EQ(manual.differences("status", json::parse(fetch("http://127.0.0.1:9471/status.json"), nullptr, false)), std::vector<std::string>{});
  const Process server = lab->host("b.h1").serve(3100, "hear:hello say:world hold");
  const Process client = lab->host("a.h1").start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3100 say:hello hear:world hold");
  open_flow(a(), "10.0.32.2:3100");
  EXPECT_THAT(fetch("'http://127.0.0.1:9471/flows.json?to=10.0.32.2&port=3100&sort=rate&limit=9'"), HasSubstr("\"total\":1,"));
  EXPECT_THAT(fetch("'http://127.0.0.1:9471/flows.json?limit=x'"), HasSubstr("limit: 'x' is no number from 1 to 10000"));
  EXPECT_EQ(fetch("-o /dev/null -w '%{http_code}' http://127.0.0.1:9471/metrics"), "404");
  EXPECT_EQ(fetch("-o /dev/null -w '%{http_code}' -H 'Host: evil.example' http://127.0.0.1:9471/"), "403");
}

std::string chromium(const std::string& what) {
  return "timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking "
         "--user-data-dir=" + a().path("chromium") + " --virtual-time-budget=9000 " + what;
}

TEST(Web, ThePageRunsInARealBrowser) {
  const Process server = lab->host("b.h1").serve(3000, "hear:hello say:world hold");
  const Process download_server = lab->host("c.h1").start("exec socat -u OPEN:/dev/zero TCP-LISTEN:3001,reuseaddr,fork");
  const Process client = lab->host("a.h1").start(source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 3000 say:hello hear:world hold");
  wait_until([] { return lab->host("c.h1").listens(3001); }, 10s, "the server");
  const Process download = lab->host("a.h2").start("exec socat -u TCP:10.0.33.2:3001,rcvbuf=65536 /dev/null");
  open_flow(a(), "10.0.32.2:3000");
  open_flow(a(), "10.0.33.2:3001", 1000);
  const Result dom = lab->host("a.gw").run(chromium("--dump-dom http://127.0.0.1:9470/"), 90s);
  ASSERT_EQ(dom.exit, 0) << dom.err;
  for (const char* part : {">10.0.32.2:3000</td>", ">gw.b</text>", ">gw.c</text>", "class=\"backoff\"", "<span id=\"health\" class=\"badge bad\">degraded</span>",
                           "<li>gateway 203.0.113.4 is down: ", "<td>refused</td><td class=\"n\">1</td>", "10.0.31.0/24 fd00:31::/64", " ms</text>", "<polyline class=\"down\" points=\""})
    EXPECT_THAT(dom.out, HasSubstr(part));
  EXPECT_THAT(dom.err, Not(HasSubstr("Content Security Policy"))) << "the page obeys its own policy";
  EXPECT_THAT(dom.err, Not(HasSubstr("Uncaught"))) << dom.err;
  const std::string picture = a().path("page.png");
  const Result shot = lab->host("a.gw").run(chromium("--hide-scrollbars --window-size=1100,690 --screenshot=" + picture + " http://127.0.0.1:9470/"), 90s);
  ASSERT_EQ(shot.exit, 0) << shot.err;
  EXPECT_THAT(run_here("file -b " + picture + " 2>/dev/null || head -c 8 " + picture).out, HasSubstr("PNG"));
  if (const char* const keep = std::getenv("DVPN_KEEP_PICTURE")) run_here("cp " + picture + " " + keep);
}

TEST(Web, WordsOfStrangersStayWords) {
  // The only free text from elsewhere are errors: one that a gateway's sshd could have said.
  const Result page = lab->host("a.gw").run("curl -sf http://127.0.0.1:9470/page.js");
  for (const char* way : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("}) EXPECT_THAT(page.out, Not(HasSubstr(way)));
}

}  // namespace
}  // namespace dvpn::lab
