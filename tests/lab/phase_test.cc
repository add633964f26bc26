// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each fault, at each phase of a connection: what the client sees, after how long, whether every byte of what looks whole came, both ways,
// when new connections work again by themselves, and that nothing of it crosses the WAN in the clear.
//
// One test is one fault, with connections of both families in all phases at once. DVPN_PHASE_LONG=1 adds the faults that take minutes
// (tests/faults does).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "gate_site.h"
#include "phases.h"

namespace dvpn::lab {
namespace {

using Clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr int kPort = 2000;

Shared<PhaseLab> scene([] { scene.make(); });

long since(Clock::time_point begun) { return std::chrono::duration_cast<Duration>(Clock::now() - begun).count(); }

class Phases : public testing::TestWithParam<Fault> {
 protected:
  const Fault& fault_ = GetParam();

  static bool works(const std::string& address) {
    return scene->near().talk(address, kPort + 10, "hear:hello read", 3s).out == "read 0 bytes e3b0c44298fc, end\ndone\n";
  }
  static bool works() { return works("10.0.32.2") && works("fd00:32::2"); }

  const char* allowed(const std::string& phase) const {
    const Fault::Ends& ends = fault_.ends;
    return phase == "opening" ? ends.opening : phase == "first" ? ends.first : phase == "bulk" ? ends.bulk : phase == "half" ? ends.half : ends.closing;
  }

  /// A line of each connection: PHASE HOST END MILLISECONDS.
  void judge(const std::string& lines) {
    std::map<std::string, std::string> seen;
    std::istringstream in(lines);
    std::string phase, host, end;
    for (long ms = 0; in >> phase && phase != "over" && in >> host >> end >> ms;) {
      const std::string words = std::string("|") + allowed(phase) + "|";
      EXPECT_NE(words.find("|" + end + "|"), std::string::npos) << phase << ' ' << host << ": " << end << " after " << ms << " ms; expected " << allowed(phase);
      EXPECT_LE(ms, fault_.told.count()) << phase << ' ' << host << ": " << end;
      seen[phase] += (seen[phase].empty() ? "" : ", ") + end + " " + std::to_string(ms) + " ms";
    }
    EXPECT_EQ(seen.size(), 5u) << lines;
    for (const char* column : {"opening", "first", "bulk", "half", "closing"}) RecordProperty(column, seen[column]);
  }
};

std::vector<Fault> all() {
  std::vector<Fault> faults;
  for (const auto& some : {process_faults(), path_faults(), machine_faults()})
    for (const Fault& fault : some)
      if (phases_are_long() || fault.when == Fault::When::kAlways) faults.push_back(fault);
  return faults;
}

INSTANTIATE_TEST_SUITE_P(All, Phases, testing::ValuesIn(all()), [](const auto& fault) { return std::string(fault.param.name); });

TEST_P(Phases, EachEndsAsItMayAndNothingIsLostInSilence) {
  const Process hello = scene->far().serve(kPort + 10, "say:hello close");
  ASSERT_TRUE(wait_until([] { return works(); }, 20s, "connections to work before")) << scene->a().log("dvpnd");
  (void)scene->leaked();
  const Process server = scene->far().start("exec " + source_folder() + "/tests/lab/lib/phases serve " + std::to_string(kPort));
  ASSERT_TRUE(server.wait_for_output("listening")) << server.err();
  Silence silence(scene->far(), kPort + 1);
  Process clients = scene->near().start("exec " + source_folder() + "/tests/lab/lib/phases drive " + std::to_string(kPort) + " 10.0.32.2 fd00:32::2");
  ASSERT_TRUE(clients.wait_for_output("ready|early")) << clients.err();
  ASSERT_THAT(clients.out(), Not(HasSubstr("early"))) << scene->a().log("dvpnd");

  fault_.begin(*scene);
  clients.kill(SIGUSR1);
  if (fault_.lasts.count() > 0) (void)server.wait_for_output("never", fault_.lasts);
  fault_.mend(*scene);
  silence.end();
  const auto mended = Clock::now();
  EXPECT_TRUE(wait_until([] { return works(); }, fault_.again + 10s, "connections to work again")) << scene->a().log("dvpnd");
  EXPECT_LE(since(mended), fault_.again.count());
  RecordProperty("new_ones_again", std::to_string(since(mended)) + " ms");

  EXPECT_TRUE(clients.wait_for_output("over", fault_.told + 30s)) << clients.out() << clients.err();
  judge(clients.out().substr(std::min(clients.out().find('\n') + 1, clients.out().size())));
  EXPECT_THAT(server.out(), Not(HasSubstr("WRONG")));
  const std::uint64_t leaked = scene->leaked();
  EXPECT_EQ(leaked, 0u);
  RecordProperty("in_the_clear", std::to_string(leaked));
  if (fault_.tidy) fault_.tidy(*scene);
}

// (The kernel forgets a half-closed connection of which it sees nothing for a minute.)
TEST(HalfClosed, IsServedHoweverLongItWaits) {
  if (!phases_are_long()) GTEST_SKIP() << "takes minutes: DVPN_PHASE_LONG=1";
  const Process server = scene->far().serve(kPort + 20, "read pause:130000 send:100000 close");
  const Process four = scene->near().start("exec " + source_folder() + "/tests/lab/lib/peer connect 10.0.32.2 " + std::to_string(kPort + 20) + " shut read");
  const Process six = scene->near().start("exec " + source_folder() + "/tests/lab/lib/peer connect fd00:32::2 " + std::to_string(kPort + 20) + " shut read");
  for (const Process* const client : {&four, &six}) EXPECT_TRUE(client->wait_for_output("read 100000 bytes [0-9a-f]+, end", 150s)) << client->out();
}

}  // namespace
}  // namespace dvpn::lab
