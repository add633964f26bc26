// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer_block.h"

#include <algorithm>
#include <array>

#include "base/spelling.h"
#include "base/text.h"
#include "config/values.h"
#include "net/site_prefix.h"
#include "table/gateway_spec.h"
#include "table/line_report.h"

namespace dvpn::cli {

namespace {

constexpr std::string_view kBegin = "-----BEGIN DVPN PEER-----";
constexpr std::string_view kEnd = "-----END DVPN PEER-----";
constexpr std::string_view kVersion = "1";
constexpr std::array<std::string_view, 7> kKeys = {"version", "site", "address", "gateway", "network", "host-key", "key"};

class Parser {
 public:
  Parser(std::string_view content, Diagnostics& diagnostics) : content_(content), diagnostics_(diagnostics) {}

  PeerBlock parse() {
    if (content_.size() > kLargestBlock) {
      whole(text("is larger than ", kLargestBlock, " bytes: that is no peer's block"));
      return {};
    }
    enum class Where { kBefore, kWithin, kBehind } where = Where::kBefore;
    for (std::size_t number = 1; !content_.empty(); ++number) {
      const std::size_t end = std::min(content_.find('\n'), content_.size());
      std::string_view line = content_.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      content_.remove_prefix(std::min(end + 1, content_.size()));
      table::LineReport report(line, number, diagnostics_);
      if (where == Where::kWithin && line != kEnd)
        read_line(line, report);
      else if (line == kBegin && where == Where::kBehind)
        report.error(line, "a second block: add one at a time");
      else if (line == kBegin)
        where = Where::kWithin;
      else if (where == Where::kWithin)
        where = Where::kBehind;
    }
    if (where == Where::kBefore) whole(text("no line '", kBegin, "': this is no peer's block"));
    if (where == Where::kWithin) whole(text("no line '", kEnd, "': the block is cut off"));
    if (where == Where::kBehind && !diagnostics_.has_errors()) check_whole();
    return std::move(block_);
  }

 private:
  void whole(std::string message) { diagnostics_.add({.severity = Severity::kError, .message = std::move(message)}); }

  void read_line(std::string_view line, table::LineReport& report) {
    const auto odd = std::ranges::find_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f; });
    if (odd != line.end()) return report.error(line.substr(static_cast<std::size_t>(odd - line.begin()), 1), "a character that has no place in a block");
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return report.error(line, "not 'KEY: VALUE'");
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 2);
    if (!version_seen_ && key != "version") return report.error(line, "the first line of a block is 'version: 1'");
    if (key == "version") return read_version(value, report);
    if (key == "site") return read_site(value, report);
    if (key == "address") return read_address(value, report);
    if (key == "gateway") return read_gateway(value, report);
    if (key == "network") return read_network(value, report);
    if (key == "host-key") return read_key(value, block_.host_keys, report);
    if (key == "key") return read_key(value, block_.keys, report);
    const std::string_view meant = nearest_word(key, kKeys);
    report.error(key, text("'", key, "' is not known", meant.empty() ? std::string() : text("; did you mean ", meant, "?")));
  }

  void read_version(std::string_view value, table::LineReport& report) {
    if (version_seen_) return report.error(value, "version stands there twice");
    version_seen_ = true;
    if (value != kVersion) report.error(value, text("version '", value, "' is not known here: is this dvpn older than the one that wrote it?"));
  }

  void read_site(std::string_view value, table::LineReport& report) {
    if (!block_.site.empty()) return report.error(value, "site stands there twice");
    auto name = config::site_name(value);
    if (!name) return report.error(value, name.error());
    block_.site = std::move(*name);
  }

  void read_address(std::string_view value, table::LineReport& report) {
    if (block_.address) return report.error(value, "address stands there twice");
    block_.address = net::Address::parse(value);
    if (!block_.address) report.error(value, text("'", value, "' is no address"));
  }

  void read_gateway(std::string_view value, table::LineReport& report) {
    if (auto gateway = table::parse_gateway(value, report)) keep(value, std::move(*gateway), block_.gateways, kMostGateways, report);
  }

  void read_network(std::string_view value, table::LineReport& report) {
    const auto network = net::parse_site_prefix(value);
    if (!network) return report.error(value, network.error());
    keep(value, *network, block_.networks, kMostNetworks, report);
  }

  void read_key(std::string_view value, std::vector<ssh::PublicKey>& keys, table::LineReport& report) {
    auto key = ssh::parse_public_key(value);
    if (!key) return report.error(value, key.error());
    keep(value, std::move(*key), keys, kMostKeys, report);
  }

  template <class T>
  static void keep(std::string_view value, T item, std::vector<T>& list, std::size_t most, table::LineReport& report) {
    if (std::ranges::find(list, item) != list.end()) return report.error(value, "stands there twice");
    if (list.size() == most) return report.error(value, text("more than ", most, " of them"));
    list.push_back(std::move(item));
  }

  void check_whole() {
    if (block_.site.empty()) whole("the block names no site");
    if (block_.gateways.empty()) whole("the block names no gateway");
    if (block_.networks.empty()) whole("the block names no network");
    if (block_.host_keys.empty()) whole("the block has no host-key");
    if (block_.keys.empty()) whole("the block has no key");
    const auto& networks = block_.networks;
    if (block_.address && std::ranges::none_of(networks, [&](const net::Prefix& network) { return network.contains(*block_.address); }))
      whole(text("the address ", block_.address->to_string(), " is in none of the networks"));
  }

  std::string_view content_;
  Diagnostics& diagnostics_;
  PeerBlock block_;
  bool version_seen_ = false;
};

}  // namespace

net::Address PeerBlock::line_address() const {
  if (address) return *address;
  const net::Prefix& network = networks.front();
  net::Address::Bytes bytes = network.address().bytes();
  const std::size_t size = network.address().width() / 8;
  if (network.length() < network.address().width()) bytes[size - 1] |= 1;
  return *net::Address::from_bytes({reinterpret_cast<const char*>(bytes.data()), size});
}

std::string PeerBlock::table_line() const {
  std::string line = text(line_address().to_string(), ' ', site, " #! ");
  for (const table::GatewaySpec& gateway : gateways) line += text(&gateway == &gateways.front() ? "" : ",", gateway.to_string());
  for (const net::Prefix& network : networks) line += ' ' + network.to_string();
  return line;
}

std::string write_peer_block(const PeerBlock& block) {
  std::string out = text(kBegin, "\nversion: ", kVersion, "\nsite: ", block.site, '\n');
  if (block.address) out += text("address: ", block.address->to_string(), '\n');
  for (const table::GatewaySpec& gateway : block.gateways) out += text("gateway: ", gateway.to_string(), '\n');
  for (const net::Prefix& network : block.networks) out += text("network: ", network.to_string(), '\n');
  for (const ssh::PublicKey& key : block.host_keys) out += text("host-key: ", key.to_string(), '\n');
  for (const ssh::PublicKey& key : block.keys) out += text("key: ", key.to_string(), '\n');
  return out + text(kEnd, '\n');
}

PeerBlock parse_peer_block(std::string_view content, Diagnostics& diagnostics) { return Parser(content, diagnostics).parse(); }

}  // namespace dvpn::cli
