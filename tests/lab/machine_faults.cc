// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a gateway runs out of, what others do to it while connections live, and a wall clock that jumps.
#include <sys/resource.h>

#include <csignal>
#include <stdexcept>

#include "phases.h"

namespace dvpn::lab {

namespace {

constexpr Fault::Ends kServed{"whole", "whole", "whole", "whole", "whole"};
// Whoever is connected already goes on; who is not hears that there is no room.
constexpr Fault::Ends kNoRoom{"whole|unreachable|refused", "whole", "whole", "whole", "whole"};

void must(const Host& host, const std::string& command) {
  const Result result = host.run(command, 60s);
  if (result.exit != 0) throw std::runtime_error(command + ": " + result.err);
}
constexpr Fault::Ends kLostWithTheRules{"whole|refused|unreachable|cut|slow|timeout", "whole|cut|slow", "whole|cut|slow", "whole|cut|slow", "whole|cut|slow"};

void nothing(PhaseLab&) {}

using Picker = std::vector<pid_t> (*)(const PhaseLab&);
std::vector<pid_t> near_daemon(const PhaseLab& scene) { return {scene.a().pid("dvpnd")}; }
std::vector<pid_t> far_relay(const PhaseLab& scene) { return descendants(scene.b().pid("dvpn-relay")); }
std::vector<pid_t> far_sessions(const PhaseLab& scene) { return descendants(scene.b().pid("sshd")); }

/// No more descriptors than it has.
auto without_descriptors(Picker picker) {
  return [picker](PhaseLab& scene) {
    scene.picked = picker(scene);
    for (const pid_t pid : scene.picked) {
      const rlimit none{descriptors(pid), 20'000};
      prlimit(pid, RLIMIT_NOFILE, &none, nullptr);
    }
  };
}
void with_descriptors(PhaseLab& scene) {
  const rlimit many{20'000, 20'000};
  for (const pid_t pid : scene.picked) prlimit(pid, RLIMIT_NOFILE, &many, nullptr);
}

/// No more memory than it has: what it does then it may do, but for passing on half of something as whole.
auto without_memory(Picker picker) {
  return [picker](PhaseLab& scene) {
    scene.picked = picker(scene);
    for (const pid_t pid : scene.picked) {
      const rlimit none{std::stoul("0" + status_of(pid, "VmSize").substr(status_of(pid, "VmSize").find_first_of("0123456789"))) * 1024, RLIM_INFINITY};
      prlimit(pid, RLIMIT_AS, &none, nullptr);
    }
  };
}
void with_memory(const PhaseLab& scene) {
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  for (const pid_t pid : scene.picked) prlimit(pid, RLIMIT_AS, &all, nullptr);
}

/// All ports from which b could connect to its host are taken.
void take_the_ports(PhaseLab& scene) {
  const Host gateway = scene.lab().host("b.gw");
  scene.kept_text["ports"] = gateway.run("cat /proc/sys/net/ipv4/ip_local_port_range").out;
  must(gateway, "sysctl -qw net.ipv4.ip_local_port_range='60000 60001'");
  const std::string peer = source_folder() + "/tests/lab/lib/peer connect ";
  for (const char* address : {"10.0.32.2", "fd00:32::2"})
    for (int i = 0; i < 2; ++i) scene.kept.push_back(gateway.start("exec " + peer + address + " 2000 hold"));
}
void give_the_ports_back(PhaseLab& scene) {
  scene.kept.clear();
  must(scene.lab().host("b.gw"), "echo '" + scene.kept_text["ports"] + "' >/proc/sys/net/ipv4/ip_local_port_range");
}

/// The table of connections of a's kernel is full: 262,144 of them on this one, from datagrams that go elsewhere.
void fill_conntrack(PhaseLab& scene) {
  must(scene.near(), "exec " + source_folder() + "/tests/lab/lib/many_datagrams " + kElsewhere + " 300000");
}
void empty_conntrack(PhaseLab& scene) { scene.lab().host("a.gw").run(std::string("conntrack -D -p udp -d ") + kElsewhere + " >/dev/null 2>&1", 120s); }

/// All lines lead elsewhere. (A line that goes takes its prefix out of what is kept from the WAN: that is what was asked for.)
void lose_the_table(PhaseLab& scene) {
  scene.kept_text["hosts"] = scene.a().read("etc/hosts");
  std::string other = scene.kept_text["hosts"];
  for (const std::string name : {"gw4.b.example", "gw6.b.example"}) other.replace(other.find(name), name.size(), "203.0.113.77");
  scene.a().write("etc/hosts", other);
  reload(scene.a());
}
void find_the_table(PhaseLab& scene) {
  scene.a().write("etc/hosts", scene.kept_text["hosts"]);
  reload(scene.a());
}

void change_the_configuration(PhaseLab& scene) {
  scene.kept_text["yaml"] = scene.a().read("etc/dvpnd.yaml");
  for (const char* line : {"idle_timeout: 1s", "channels_per_session: 1", "sessions_per_gateway: 2"}) configure(scene.a(), "ssh", line);
  configure(scene.a(), "limits", "flow_buffer: 1MiB");
  reload(scene.a());
  const std::size_t before = count(scene.b().log("relay"), "reloaded");
  signal(scene.b(), "dvpn-relay", SIGHUP);
  wait_until([&] { return count(scene.b().log("relay"), "reloaded") > before; }, 10s, "the relay's reload");
}
void change_it_back(PhaseLab& scene) {
  scene.a().write("etc/dvpnd.yaml", scene.kept_text["yaml"]);
  reload(scene.a());
}

/// The kernel's translation of what is known may go with them: then what is open loses its way, and who only waits for more hears nothing.
void flush_the_rules(PhaseLab& scene) {
  must(scene.lab().host("a.gw"), "for i in iptables ip6tables; do for t in raw mangle nat filter; do $i -w 10 -t $t -F; done; done");
}
void delete_all_rules(PhaseLab& scene) {
  must(scene.lab().host("a.gw"), "for i in iptables ip6tables; do for t in raw mangle nat filter; do $i -w 10 -t $t -F; $i -w 10 -t $t -X; done; done");
}

/// The daemon says both, each time.
void put_the_rules_back(PhaseLab& scene) {
  const auto said = [&](const char* what) { return count(scene.a().log("dvpnd"), std::string("the firewall rules are ") + what); };
  wait_until([&] { return said("gone") > said("in place"); }, 5s, "the daemon to notice");
  scene.lab().step("rules", {"a"});
  wait_until([&] { return said("gone") == said("in place"); }, 5s, "the daemon to notice again");
}

auto clock_jumps(std::chrono::seconds by) {
  return [by](PhaseLab& scene) { scene.shift_clock(by); };
}

}  // namespace

std::vector<Fault> machine_faults() {
  constexpr auto kLong = Fault::When::kLongOnly;
  constexpr Fault::Ends kDead{"whole|unreachable|refused|cut", "whole|cut", "whole|cut", "whole|cut", "whole|cut"};
  return {
      {"dvpnd_without_descriptors", 500ms, without_descriptors(near_daemon), with_descriptors, kNoRoom, 10s},
      {"relay_without_descriptors", 500ms, without_descriptors(far_relay), with_descriptors, kNoRoom, 10s},
      {"sshd_without_descriptors", 500ms, without_descriptors(far_sessions), with_descriptors, kNoRoom, 10s},
      {"dvpnd_without_memory", 500ms, without_memory(near_daemon), [](PhaseLab& scene) {
         with_memory(scene);
         if (scene.a().pid("dvpnd") == 0) start(scene.lab(), "a", "daemon");
       }, kDead, 10s},
      {"relay_without_memory", 500ms, without_memory(far_relay), [](PhaseLab& scene) {
         with_memory(scene);
         if (scene.b().pid("dvpn-relay") == 0 || descendants(scene.b().pid("dvpn-relay")).empty()) {
           end(scene.b(), "dvpn-relay", SIGKILL);
           start(scene.lab(), "b", "relay");
         }
       }, kDead, 10s},
      {"no_port_left_at_the_relay", 500ms, take_the_ports, give_the_ports_back, kNoRoom, 10s},
      {"conntrack_full", 2s, fill_conntrack, empty_conntrack, {"whole|timeout|refused|unreachable|slow", "whole", "whole", "whole", "whole"}, 150s, 60s, kLong},
      {"table_replaced", 500ms, lose_the_table, find_the_table, kServed, 10s},
      {"configuration_replaced", 500ms, change_the_configuration, change_it_back, kServed, 10s},
      {"rules_flushed_by_another_program", 500ms, flush_the_rules, put_the_rules_back, kLostWithTheRules, 155s, 5s, kLong},
      {"rules_deleted_with_all_chains", 500ms, delete_all_rules, put_the_rules_back, kLostWithTheRules, 155s, 5s, kLong},
      {"clock_an_hour_ahead", 500ms, clock_jumps(std::chrono::hours(1)), nothing, kServed, 10s},
      {"clock_ten_years_ahead", 500ms, clock_jumps(std::chrono::years(10)), nothing, kServed, 10s},
      {"clock_back_to_1970", 500ms, clock_jumps(-std::chrono::years(56)), clock_jumps(std::chrono::seconds(0)), kServed, 10s},
  };
}

}  // namespace dvpn::lab
