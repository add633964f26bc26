// SPDX-License-Identifier: GPL-2.0-or-later
// How every answer of the control socket is made: its frame, and values that have the same form wherever they stand. Within
// src/control alone.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/gateway.h"

namespace dvpn::control {

inline constexpr int kVersion = 1;  ///< of calls and answers

using nlohmann::ordered_json;

/// Names and errors may hold bytes that a remote party chose: what is not UTF-8 is replaced, not thrown over.
std::string dump(const ordered_json& answer);

/// What an answer begins with.
ordered_json success();

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

inline double seconds(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }
inline double milliseconds(std::chrono::microseconds duration) { return static_cast<double>(duration.count()) / 1000.0; }

/// "2026-01-31T12:00:00Z"
std::string timestamp(std::chrono::system_clock::time_point time);

/// {"up":U,"down":D}
ordered_json to_json(const gateway::Traffic& traffic);
/// The half, nine tenths and 99 of 100 that were fastest; null without any.
ordered_json to_json(const gateway::OpenTimes& times);
ordered_json to_json(const std::vector<gateway::Stats>& gateways);

}  // namespace dvpn::control
