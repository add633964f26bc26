// SPDX-License-Identifier: GPL-2.0-or-later
//
// A gateway whose sshd lies (tests/lab/lib/liar), in each way that we could think of: before anybody is known, about channels, windows and
// requests, with floods and with nonsense. Our client there hears of a failure, or of nothing; the daemon goes on, stays small, and
// serves the honest gateway meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string_view>

#include "site_daemon.h"

namespace dvpn::lab {
namespace {

constexpr const char* kTopology =
    "site a networks 10.0.31.0/24 wan 203.0.113.1 hosts 1\n"
    "site b networks 10.0.32.0/24 wan 203.0.113.2 hosts 1\n"
    "site c networks 10.0.33.0/24 wan 203.0.113.3 hosts 1\n";
constexpr long kMostGrowth = 96 << 10;  // KiB, beside what a daemon has that has worked

Shared<Lab> lab([] {
  lab.make(kTopology);
  lab->step("install");
  const Site a = lab->site("a");
  for (const char* line : {"ciphers: aes128-gcm@openssh.com,aes128-ctr",  // (what the liar's library has)
                           "connect_timeout: 2s", "keepalive: 1s", "keepalive_misses: 2", "backoff_min: 100ms", "backoff_max: 300ms"}) configure(a, "ssh", line);
  configure(a, "limits", "open_timeout: 4s");
  lab->step("sshd", {"c"});
  for (const char* step : {"rules", "relay"}) lab->step(step);
  lab->step("daemon", {"a"});
});

class Liar : public testing::TestWithParam<const char*> {
 protected:
  const Site a_ = lab->site("a"), b_ = lab->site("b");
  const Host client_ = lab->host("a.h1");
  const Process honest_ = lab->host("c.h1").serve(2000, "say:hello close");

  bool honest_works() const { return client_.talk("10.0.33.2", 2000, "hear:hello read", 20s).out.ends_with("done\n"); }
  static bool before_authentication() {
    static constexpr std::string_view kWays[] = {"banner_without_end", "packet_without_end", "silent", "drips", "hangs_up", "is_a_web_server", "random_bytes"};
    return std::ranges::find(kWays, GetParam()) != std::end(kWays);
  }
  long resident() const { return std::stol(status_of(a_.pid("dvpnd"), "VmRSS")); }
};

INSTANTIATE_TEST_SUITE_P(
    Ways, Liar,
    testing::Values("never_answers", "opens_channels_of_its_own", "confirms_what_was_not_asked", "confirms_again_and_again", "confirms_and_fails",
                    "gives_no_window", "gives_too_much_window", "sends_beyond_the_window", "sends_to_nobody", "sends_extended_data",
                    "answers_byte_by_byte", "answers_nonsense", "sends_a_frame_without_end", "sends_frames_of_nothing", "closes_at_once",
                    "requests_without_end", "asks_the_channel_without_end", "talks_without_end", "debugs_without_end", "authenticates_again",
                    "changes_keys_out_of_turn", "begins_a_key_exchange_and_stops", "speaks_at_random", "banner_without_end", "packet_without_end",
                    "silent", "drips", "hangs_up", "is_a_web_server", "random_bytes"),
    [](const auto& way) { return std::string(way.param); });

TEST_P(Liar, HurtsNobodyElse) {
  ASSERT_TRUE(wait_until([&] { return honest_works(); }, 10s, "the honest gateway")) << a_.log("dvpnd");
  const pid_t daemon = a_.pid("dvpnd");
  const long before = resident();
  {
    const Process liar = b_.gateway().start("exec " + source_folder() + "/tests/lab/lib/liar 22 " + b_.path("sshd/host_key") + ' ' + GetParam());
    ASSERT_TRUE(liar.wait_for_output("listening")) << liar.err();
    std::vector<Process> clients;
    // (the daemon may be backing off from the one before; each client gives up by itself)
    const auto reached = [&] {
      clients.push_back(client_.start("exec timeout 5 " + source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 2000 pause:100 say:hello read"));
      return liar.wait_for_output(before_authentication() ? "a client" : "asked", 500ms);
    };
    ASSERT_TRUE(wait_until(reached, 30s, "the liar to be asked")) << liar.out() << liar.err() << a_.log("dvpnd");
    for (int i = 0; i < 2; ++i) (void)reached();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(honest_works()) << a_.log("dvpnd");
    for (Process& client : clients) {
      const Result result = client.wait(20s);
      EXPECT_NE(result.exit, Result::kTimedOut) << result.out;
      EXPECT_THAT(result.out, testing::Not(testing::HasSubstr("end\ndone"))) << "a lie looked like a whole answer";
    }
    EXPECT_TRUE(honest_works()) << a_.log("dvpnd");
    EXPECT_LT(resident(), before + kMostGrowth);
    RecordProperty("daemon_grew_by_KiB", std::to_string(resident() - before));
  }
  EXPECT_TRUE(honest_works());
  EXPECT_EQ(a_.pid("dvpnd"), daemon);
}

}  // namespace
}  // namespace dvpn::lab
