// SPDX-License-Identifier: GPL-2.0-or-later
#include "quiet_user.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace dvpn::lab {

Quiet quiet_user(const Host& host, const std::string& address, int port, double seconds) {
  Quiet quiet;
  quiet.text = host.run(source_folder() + "/tests/lab/lib/quiet " + address + " " + std::to_string(port) + " " + std::to_string(seconds), 150s).out;
  EXPECT_EQ(std::sscanf(quiet.text.c_str(), "%d served, %d failed, p50 %lf ms, p99 %lf ms, worst %lf ms", &quiet.served, &quiet.failed, &quiet.p50, &quiet.p99, &quiet.worst), 5)
      << quiet.text;
  if (!quiet.text.empty()) quiet.text.pop_back();
  return quiet;
}

}  // namespace dvpn::lab
