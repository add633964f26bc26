// SPDX-License-Identifier: GPL-2.0-or-later
// YAML as a plain tree that knows where each value stands. The fence of yaml-cpp: its headers and its exceptions
// end in yaml_tree.cc. Only the part of YAML that a configuration needs is read: anchors, aliases, tags, merge keys,
// keys that are no words, the same key twice and a second document are errors; depth, size and number are bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"

namespace dvpn::config {

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;             ///< of a scalar
  std::vector<YamlNode> items;  ///< of a list; of a map: key, value, key, value, …
};

inline constexpr std::size_t kLargestYaml = 1u << 20;  // bytes
inline constexpr std::size_t kDeepestYaml = 16;
inline constexpr std::size_t kMostYamlNodes = 20'000;

/// The document: a mapping, or of kind kNull if the file has no value in it. Nothing if it cannot be read at all; what is wrong with it
/// went to `report`. Never throws.
std::optional<YamlNode> parse_yaml(std::string_view content, Report& report);

}  // namespace dvpn::config
