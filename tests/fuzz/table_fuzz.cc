// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as a table: parsing ends, says what it says in printable text, and a table without errors keeps its
// promises.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "table/table.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const dvpn::table::Table& table) {
  for (const auto& route : table.routes()) {
    require(!route.names.empty() && !route.gateways.empty() && !route.prefixes.empty());
    require(route.weights.empty() || route.weights.size() == route.gateways.size());
    for (const auto& prefix : route.prefixes) {
      const auto match = table.lookup(prefix.address());
      require(match && match->prefix.length() >= prefix.length() && match->prefix.contains(prefix.address()));
      if (route.map) require(route.map->contains(route.translate(prefix.last())));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  dvpn::Diagnostics diagnostics("hosts");
  const auto table = dvpn::table::Table::parse(content, diagnostics);
  for (const char c : diagnostics.render()) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (!diagnostics.has_errors()) check(table);
  return 0;
}
