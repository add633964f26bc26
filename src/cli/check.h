// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn check`: the whole site, point by point: ok, warning or failed, each of the latter with what to do. Every check is a function of its
// own; check.cc has the one table of them. It changes nothing, and no gateway hears of it that dvpnd could not authenticate to.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/peer_site.h"
#include "table/table.h"

namespace dvpn::cli {

struct Finding {
  enum class State { kOk, kWarning, kFailed } state;
  std::string check;   ///< which one found it
  std::string text;
  std::string remedy;  ///< what to do; empty for kOk
};

/// Where a check puts what it finds.
class Findings {
 public:
  void begin(std::string check) { check_ = std::move(check); }
  void ok(std::string text) { all_.push_back({Finding::State::kOk, check_, std::move(text), {}}); }
  void warning(std::string text, std::string remedy) { all_.push_back({Finding::State::kWarning, check_, std::move(text), std::move(remedy)}); }
  void failed(std::string text, std::string remedy) { all_.push_back({Finding::State::kFailed, check_, std::move(text), std::move(remedy)}); }

  const std::vector<Finding>& all() const { return all_; }
  std::size_t count(Finding::State state) const;

 private:
  std::string check_;
  std::vector<Finding> all_;
};

/// Which gateways are asked.
enum class AskGateways { kSome, kAll, kUsed, kNone };

/// What the checks look at. Read once, before the first.
struct CheckFacts {
  PeerSite site;
  AskGateways ask = AskGateways::kSome;
  std::optional<table::Table> table{};      ///< none: it has mistakes, or cannot be read
  std::optional<nlohmann::json> status{};   ///< dvpnd's; none: it does not answer
  std::string proc = "/proc";
};

using Check = void (*)(const CheckFacts& facts, Findings& findings);

// check_files.cc: what is on the disk
void check_networks(const CheckFacts& facts, Findings& findings);
void check_table(const CheckFacts& facts, Findings& findings);
void check_keys(const CheckFacts& facts, Findings& findings);
void check_known_hosts(const CheckFacts& facts, Findings& findings);
void check_peers(const CheckFacts& facts, Findings& findings);
// check_kernel.cc: what the kernel has and how it is set
void check_queue(const CheckFacts& facts, Findings& findings);
void check_forwarding(const CheckFacts& facts, Findings& findings);
void check_reverse_path(const CheckFacts& facts, Findings& findings);
void check_pings(const CheckFacts& facts, Findings& findings);
void check_conntrack(const CheckFacts& facts, Findings& findings);
void check_descriptors(const CheckFacts& facts, Findings& findings);
// check_programs.cc: what other programs find, and whether ours run
void check_accounts(const CheckFacts& facts, Findings& findings);
void check_rules(const CheckFacts& facts, Findings& findings);
void check_relay(const CheckFacts& facts, Findings& findings);
void check_daemon(const CheckFacts& facts, Findings& findings);
void check_gateways(const CheckFacts& facts, Findings& findings);

/// What dvpnd found of one gateway (control/probe), as check_gateways() reports it.
void add_gateway(const nlohmann::json& gateway, Findings& findings);

/// All of them, in the table's order.
Findings run_checks(const CheckFacts& facts);

std::string render(const Findings& findings);
nlohmann::json to_json(const Findings& findings);

/// The command. kOk: nothing failed; kNo: something did; kNoPermission: not root.
ExitCode check_site(CommandLine& line, const SiteFiles& files, AskGateways ask);

/// The gateways of a table that lead to other sites, each once, in its order.
std::vector<std::string> other_gateways(const table::Table& table, const std::vector<net::Prefix>& own_networks);

}  // namespace dvpn::cli
