// SPDX-License-Identifier: GPL-2.0-or-later
//
// A lab in which one thing at a time fails while connections are in each phase of their life, and what a fault does there.
//
// Theory of operation. tests/lab/lib/phases holds five connections for each family from a.h1 to b.h1, one in each phase; those that open
// wait because b.h1 says nothing until the fault is over. Then the fault comes, they go on, the fault is mended, and every
// connection's end is looked at. The WAN's router counts packets with an address of either site.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "site_daemon.h"

namespace dvpn::lab {

/// An address on the WAN that is nobody's: what is sent there is no leak.
constexpr const char* kElsewhere = "203.0.113.99";

/// With DVPN_PHASE_LONG=1: keepalives as they are by default, and the faults that take long or much.
bool phases_are_long();

class PhaseLab {
 public:
  PhaseLab();

  Lab& lab() { return lab_; }
  Site a() const { return lab_.site("a"); }
  Site b() const { return lab_.site("b"); }
  Host near() const { return lab_.host("a.h1"); }
  Host far() const { return lab_.host("b.h1"); }
  Host wan() const { return lab_.wan(); }

  /// The wall clock of the daemons is so much off from now on.
  void shift_clock(std::chrono::seconds by) const;
  /// Packets that were seen on the WAN with an address of a site, since the last call.
  std::uint64_t leaked();
  /// Processes that a fault has picked, for its mending.
  std::vector<pid_t> picked;
  /// Whatever a fault needs to keep until it is mended.
  std::vector<Process> kept;
  std::map<std::string, std::string> kept_text;

 private:
  void name_the_gateways() const;
  Lab lab_;
  std::string clock_;  // the file that says how much
  std::uint64_t leaked_before_ = 0;
};

struct Fault {
  const char* name;
  Duration lasts;
  std::function<void(PhaseLab&)> begin;
  std::function<void(PhaseLab&)> mend;
  /// What clients may see, as words of tests/lab/lib/phases joined with '|'.
  struct Ends {
    const char *opening, *first, *bulk, *half, *closing;
  } ends;
  Duration told;         ///< by then each client has seen its end, from the fault on
  Duration again = 10s;  ///< by then new connections work, from the mending on
  enum class When { kAlways, kLongOnly } when = When::kAlways;
  std::function<void(PhaseLab&)> tidy{};  ///< after all has been looked at: what would be in the next one's way
};
inline void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

/// Killed and stopped processes.
std::vector<Fault> process_faults();
/// The way between the sites.
std::vector<Fault> path_faults();
/// What a machine runs out of, and what others do to it.
std::vector<Fault> machine_faults();

}  // namespace dvpn::lab
