// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as a peer's block: reading ends, says what it says in printable text; and what is taken writes lines that mean the same
// and nothing else: a block that is read again, one line of a table, one pin and one key a line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/authorized_keys.h"
#include "cli/peer_block.h"
#include "cli/pins.h"
#include "ssh/known_hosts.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f); });
}

auto lines(std::string_view text) { return std::ranges::count(text, '\n'); }

void check(const dvpn::cli::PeerBlock& block) {
  using namespace dvpn;
  Diagnostics again("again");
  require(cli::parse_peer_block(cli::write_peer_block(block), again) == block && !again.has_errors());

  Diagnostics of_table("table");
  const std::string line = block.table_line();
  require(printable(line) && lines(line) == 0);
  const auto table = table::Table::parse(line, of_table);
  if (!of_table.has_errors()) {
    require(table.routes().size() == 1 && table.routes()[0].gateways == block.gateways && table.routes()[0].via == table::Via::kRelay);
    require(table.routes()[0].prefixes == block.networks && table.routes()[0].names.text() == block.site && !table.routes()[0].map);
  }

  const std::string keys = cli::with_keys("", block.site, block.keys);
  require(printable(keys) && lines(keys) == static_cast<std::ptrdiff_t>(block.keys.size()));
  for (const auto& key : block.keys) require(cli::has_key(keys, key));

  for (const auto& gateway : block.gateways) {
    const auto pins = cli::with_pins("", gateway, block.host_keys, cli::OtherPins::kRefuse);
    require(pins && printable(*pins) && lines(*pins) == static_cast<std::ptrdiff_t>(block.host_keys.size()));
    Diagnostics of_pins("pins");
    const auto known = ssh::KnownHosts::parse(*pins, of_pins);
    require(of_pins.warnings() == 0 && known.size() == block.host_keys.size() && known.find(gateway.host, gateway.port).size() == known.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  dvpn::Diagnostics diagnostics("block");
  const auto block = dvpn::cli::parse_peer_block(content, diagnostics);
  const std::string said = diagnostics.render();
  for (const char c : said) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (!diagnostics.has_errors()) check(block);
  return 0;
}
