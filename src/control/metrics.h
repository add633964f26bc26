// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemon shows to Prometheus. The names are documented in dvpnd(8) and stable. Pure.
#pragma once

#include <string>

#include "control/answers.h"

namespace dvpn::control {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// Of the gateways, `metrics.gateways` have metrics of their own; the others are counted.
std::string metrics_text(const DaemonState& state);

}  // namespace dvpn::control
