// SPDX-License-Identifier: GPL-2.0-or-later
//
// Processes that are killed, and started again as a service manager would; and processes that stand still for a while.
#include <csignal>
#include <stdexcept>

#include "phases.h"

namespace dvpn::lab {

namespace {

enum class Whom { kItself, kBelow, kBoth };

std::vector<pid_t> pick(const Site& site, const std::string& program, Whom whom) {
  const pid_t pid = site.pid(program);
  if (pid == 0) throw std::runtime_error(program + " does not run at " + site.path(""));
  std::vector<pid_t> all = whom == Whom::kItself ? std::vector<pid_t>() : descendants(pid);
  if (whom != Whom::kBelow) all.insert(all.begin(), pid);
  return all;
}

void send(const std::vector<pid_t>& pids, int number) {
  for (const pid_t pid : pids) kill(pid, number);
}

/// "a" or "b", a program there, and the step that starts it again; "": nothing needs to be.
auto killing(const char* site, const char* program, Whom whom) {
  return [=](PhaseLab& scene) { send(pick(scene.lab().site(site), program, whom), SIGKILL); };
}
auto starting(const char* site, const char* program, const char* step) {
  return [=](PhaseLab& scene) {
    end(scene.lab().site(site), program, SIGKILL);
    start(scene.lab(), site, step);
  };
}
void nothing(PhaseLab&) {}

auto stopping(const char* site, const char* program, Whom whom) {
  return [=](PhaseLab& scene) {
    scene.picked = pick(scene.lab().site(site), program, whom);
    send(scene.picked, SIGSTOP);
  };
}
void go_on(PhaseLab& scene) { send(scene.picked, SIGCONT); }

// Whoever was connected sees a reset; of a connection that is closing all has come already.
// (Of one that is half-closed, all may be on this side of what broke.)
constexpr Fault::Ends kCut{"refused|unreachable|whole", "cut", "cut", "cut|whole", "cut|whole"};
constexpr Fault::Ends kServed{"whole", "whole", "whole", "whole", "whole"};

}  // namespace

std::vector<Fault> process_faults() {
  return {
      {"dvpnd_killed", 300ms, killing("a", "dvpnd", Whom::kItself), starting("a", "dvpnd", "daemon"), kCut, 6s},
      {"relays_child_killed", 300ms, killing("b", "dvpn-relay", Whom::kBelow), starting("b", "dvpn-relay", "relay"), kCut, 6s},
      {"relays_parent_killed", 300ms, killing("b", "dvpn-relay", Whom::kItself), starting("b", "dvpn-relay", "relay"), kCut, 6s},
      {"sessions_sshd_killed", 0ms, killing("b", "sshd", Whom::kBelow), nothing, kCut, 6s},
      {"every_sshd_killed", 300ms, killing("b", "sshd", Whom::kBoth), starting("b", "sshd", "sshd"), kCut, 6s},
      {"dvpnd_stopped", 1500ms, stopping("a", "dvpnd", Whom::kItself), go_on, kServed, 10s},
      {"relays_child_stopped", 1500ms, stopping("b", "dvpn-relay", Whom::kBelow), go_on, kServed, 10s},
      {"relays_parent_stopped", 500ms, stopping("b", "dvpn-relay", Whom::kItself), go_on, kServed, 10s},
      {"sessions_sshd_stopped", 1500ms, stopping("b", "sshd", Whom::kBelow), go_on, kServed, 10s},
      {"every_sshd_stopped", 1500ms, stopping("b", "sshd", Whom::kBoth), go_on, kServed, 10s},
  };
}

}  // namespace dvpn::lab
