// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of the gate need of a site besides the rest: its counters, and targets that say nothing until they are let.
#pragma once

#include <cstdint>
#include <string>

#include "site_daemon.h"

namespace dvpn::lab {

/// A counter of "gate" in the daemon's status: "held", "bypassed", "reset".
std::uint64_t gate(const Site& site, const std::string& counter);

/// Waits until the counter has at least that value.
void wait_for_gate(const Site& site, const std::string& counter, std::uint64_t least);

/// A host drops what asks for a connection to the port, in both families, until the object goes or end() is called.
class Silence {
 public:
  Silence(const Host& host, int port);
  ~Silence() { end(); }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  void end();

 private:
  void change(const std::string& how) const;
  Host host_;
  int port_;
  bool ended_ = false;
};

/// tests/lab/lib/knock with these arguments: what it printed, in an open process until the result goes.
struct Knock {
  Knock(const Host& host, const std::string& arguments);
  /// Its line; waits for it.
  std::string line(Duration deadline = 15s) const;
  Process process;
};

}  // namespace dvpn::lab
