// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of pings have in common: a lab with a line of 50 ms, the roles in it, and what ping says.
//   a  asks     b  has a relay that allows the lower part of its networks     c  plain sshd (via=direct)
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "site_daemon.h"

namespace dvpn::lab {

constexpr double kRoundTrip = 50;  // ms

/// The lab of the program's tests, there while they run. `gtest_main` sets it up for whoever links this.
Lab& ping_lab();

/// The same roles in each family.
struct PingFamily {
  int number;
  const char *far, *second, *dead, *forbidden, *direct;
  const char *unreachable, *prohibited, *no_network, *time_exceeded;  // as ping says it
};

/// A counter of "ping" in the daemon's status: "flows", "up".
std::uint64_t ping_counter(const std::string& counter);

/// What ping says of the times of its replies, in ms; they must have come in order, and none must be missing.
std::vector<double> times(const std::string& output);

/// A host does not answer pings until the object goes.
class PingSilence {
 public:
  explicit PingSilence(const Host& host) : host_(host) { change("-I"); }
  ~PingSilence() { change("-D"); }
  PingSilence(const PingSilence&) = delete;
  PingSilence& operator=(const PingSilence&) = delete;

 private:
  void change(const std::string& how) const;
  Host host_;
};

/// Each test in both families: 4 and 6.
class Ping : public testing::TestWithParam<int> {
 protected:
  /// A host of the LAN, and the gateway itself.
  std::vector<Host> clients() const;
  /// Runs ping -4 or -6.
  Result ping(const Host& from, const std::string& arguments) const;

  const PingFamily& f_;
  const Site a_ = ping_lab().site("a"), b_ = ping_lab().site("b");
  Ping();
};

}  // namespace dvpn::lab
