// SPDX-License-Identifier: GPL-2.0-or-later
// The options at the end of a line: via= choose= weights= map=
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "table/line_report.h"
#include "table/table.h"

namespace dvpn::table {

class OptionParser {
 public:
  explicit OptionParser(LineReport& report) : report_(report) {}

  /// A word with a '=' in it.
  void read(std::string_view word);

  /// Checks the options against the route's gateways and prefixes and puts them into it.
  void finish(Route& route);

  bool any() const { return any_; }

 private:
  enum Key : std::size_t { kVia, kChoose, kWeights, kMap, kKeys };

  void read_value(Key key, std::string_view value);
  void read_weights(std::string_view value);
  void check_weights(const Route& route);
  void check_map(const Route& route);

  LineReport& report_;
  bool any_ = false;
  std::array<std::string_view, kKeys> words_{};  // as written; empty: not there
  Via via_ = Via::kRelay;
  Choose choose_ = Choose::kPrefer;
  std::vector<std::uint32_t> weights_;
  std::optional<net::Prefix> map_;
};

}  // namespace dvpn::table
