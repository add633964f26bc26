// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn peer …`
#include <unistd.h>

#include <iostream>
#include <memory>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/peer.h"
#include "cli/peer_export.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

class PeerCommands : public std::enable_shared_from_this<PeerCommands> {
 public:
  explicit PeerCommands(CommandLine& line) : line_(line) {}

  void add() {
    CLI::App& peer = line_.add_group("peer", "Other sites: they are joined to this one by exchanging a block of text");
    CLI::App* exports = command(peer, "export", "Print what another site needs of this one", &PeerCommands::do_export);
    exports->add_option("--gateway", export_.gateways, "Under which other sites reach this machine's sshd: HOST[:PORT], repeatable");
    exports->add_option("--account", export_.account, "The login account here that the other site is to have");
    exports->add_option("--name", export_.name, "What the other site shall call this one");

    CLI::App* adds = edit(peer, "add", "Join another site by its block", &PeerCommands::do_add);
    adds->add_option("FILE", file_, "What dvpn peer export printed there; standard input if it is not given");
    adds->add_option("--account", add_.account, "A login account of its own for the peer, which is made");
    adds->add_flag_callback("--replace-host-key", [this] { add_.host_keys = OtherPins::kReplace; }, "Its host key was changed: the old one goes");
    adds->add_flag_callback("--replace-key", [this] { add_.keys = OtherKeys::kReplace; }, "Its own key was changed: the old one goes");

    edit(peer, "remove", "Take another site out again: line, key and host key; its sessions end", &PeerCommands::do_remove)
        ->add_option("NAME", name_, "The site's name in the table")
        ->required();
    command(peer, "end-sessions", "End all SSH sessions of a login account here: its sites log in again, if their keys let them", &PeerCommands::do_end_sessions)
        ->add_option("ACCOUNT", name_, "The login account")
        ->required();
    command(peer, "list", "The other sites in the table", &PeerCommands::do_list);
  }

 private:
  using Action = ExitCode (PeerCommands::*)(const PeerSite&);

  CLI::App* command(CLI::App& group, const char* name, const char* text, Action action) {
    CLI::App* command = line_.add(group, name, text, [self = shared_from_this(), action] { return self->on_site(action); });
    command->add_option("--sshd-config", sshd_config_, dvpn::text("sshd's configuration (", kSshdConfig, ")"));
    return command;
  }

  CLI::App* edit(CLI::App& group, const char* name, const char* text, Action action) {
    CLI::App* edits = command(group, name, text, action);
    edits->add_flag_callback("--yes", [this] { run_.consent = Consent::kGiven; }, "Do not ask");
    edits->add_flag_callback("--dry-run", [this] { run_.apply = Apply::kShow; }, "Show what would change, and change nothing");
    return edits;
  }

  int on_site(Action action) {
    const auto site = read_peer_site(site_files(line_.config_file(), sshd_config_));
    if (!site) return line_.refuse(site.error(), kBadConfiguration);
    return (this->*action)(*site);
  }

  ExitCode do_export(const PeerSite& site) {
    const auto block = export_block(site, export_);
    if (!block) return line_.refuse(block.error());
    const std::string written = write_peer_block(*block);
    if (line_.form() == Form::kJson) {
      print({{"v", 1}, {"ok", true}, {"site", block->site}, {"block", written}}, line_.out());
      return kOk;
    }
    line_.out() << written;
    line_.err() << "Have its administrator compare these over another way, by telephone for instance:\n" << render_fingerprints(*block);
    return kOk;
  }

  ExitCode do_add(const PeerSite& site) {
    const std::string path = file_.empty() || file_ == "-" ? "/dev/stdin" : file_;
    std::string source = path == "/dev/stdin" ? "standard input" : path;
    const auto content = path == "/dev/stdin" ? standard_input() : config::read_file(path, kLargestBlock);
    if (!content) return line_.refuse(content.error().text, kBadData);
    return peer_add(line_, site, source, *content, add_, run_);
  }

  /// As much as a block may have, and a byte more: the parser says that it is too much.
  static Result<std::string> standard_input() {
    if (::isatty(STDIN_FILENO) != 0) std::cerr << "Paste the other site's block, then Ctrl-D:\n";
    std::string content(kLargestBlock + 1, '\0');
    std::cin.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(std::cin.gcount()));
    return content;
  }

  ExitCode do_remove(const PeerSite& site) { return peer_remove(line_, site, name_, run_); }
  ExitCode do_end_sessions(const PeerSite& site) {
    if (::geteuid() != 0) return line_.refuse("other accounts' processes are root's to end: run it as root", kNoPermission);
    return peer_end_sessions(line_, site, name_);
  }
  ExitCode do_list(const PeerSite& site) { return peer_list(line_, site); }

  CommandLine& line_;
  std::string sshd_config_ = kSshdConfig;
  std::string file_;
  std::string name_;
  ExportOptions export_;
  AddOptions add_;
  PeerRun run_;
};

}  // namespace

void add_peer_commands(CommandLine& line) { std::make_shared<PeerCommands>(line)->add(); }

}  // namespace dvpn::cli
