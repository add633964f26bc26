// SPDX-License-Identifier: GPL-2.0-or-later
//
// Somebody who wants little while others want too much: how long a connection and a short answer take.
#pragma once

#include "fixture.h"

namespace dvpn::lab {

struct Quiet {
  int served = 0, failed = 0;
  double p50 = 0, p99 = 0, worst = 0;  // ms
  std::string text;
};

/// From a host, to the address where tests/lab/lib/crowd serves, for so long.
Quiet quiet_user(const Host& host, const std::string& address, int port, double seconds);

}  // namespace dvpn::lab
