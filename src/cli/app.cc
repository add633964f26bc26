// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/control_client.h"
#include "cli/json.h"
#include "cli/map.h"
#include "cli/map_edit.h"
#include "cli/render.h"
#include "cli/why.h"
#include "config/daemon_config.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

constexpr auto kPatience = std::chrono::seconds(15);  // longer than the daemon takes for any call
constexpr const char* kConfigFile = "/etc/dvpn/dvpnd.yaml";

struct Options {
  std::string config = kConfigFile;
  bool config_given = false;
  std::string table;
  std::string socket;
  bool json = false;
  bool kernel = false;
  std::string what;
  std::string to;
  std::vector<std::string> words;
  bool dry_run = false;
  WhyQuestion why;

  Form form() const { return json ? Form::kJson : Form::kText; }
};

class Program {
 public:
  Program(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}

  int run(std::vector<std::string> arguments) {
    describe();
    const bool asks_why = !arguments.empty() && arguments.front() == "why";
    try {
      std::ranges::reverse(arguments);  // as CLI11 wants them
      app_.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error, out_, err_) == 0 ? kOk : asks_why ? kBadQuestion : kUsage;  // --help and --version arrive here as well
    }
    return action_();
  }

 private:
  void describe() {
    app_.set_version_flag("--version", "dvpn " DVPN_VERSION);
    app_.require_subcommand(1);
    describe_map();
    describe_call("status", "What dvpnd does and what keeps it from it", [this] { return status(); });
    auto* flows = describe_call("flows", "The flows that are open", [this] { return this->flows(); });
    flows->add_flag("--kernel", options_.kernel, "What the kernel redirects to dvpnd, instead");
    describe_call("gateways", "The gateways that have been used", [this] { return ask("gateways", render_gateways); });
    describe_call("reload", "Read configuration and table again; live flows stay",
                  [this] { return ask("reload", render_reload); });
    describe_why();
  }

  void describe_why() {
    auto* why = describe_call("why", "Why a destination is carried, or where it stops and what to do", [this] { return this->why(); });
    why->add_option("DEST", options_.why.destination, "ADDRESS[:PORT] or NAME[:PORT]; IPv6 with a port in brackets")->required();
    why->add_option("--from", options_.why.from, "The client's address");
    auto* udp = why->add_flag("--udp", options_.why.udp, "UDP instead of TCP");
    auto* ping = why->add_flag("--ping", options_.why.ping, "A ping instead of TCP");
    auto* connect = why->add_flag("--connect", options_.why.connect, "Try the target itself with a TCP connection; needs root");
    udp->excludes(ping)->excludes(connect);
    ping->excludes(connect);
  }

  void describe_map() {
    CLI::App* map = app_.add_subcommand("map", "The table on disk: questions and changes");
    map->require_subcommand(1);
    auto* lookup = map->add_subcommand("lookup", "Which gateways an address or a name is carried through");
    lookup->add_option("WHAT", options_.what, "An address, or a name in the table")->required();
    auto* list = map->add_subcommand("list", "Every prefix");
    auto* check = map->add_subcommand("check", "Everything that is wrong with the table");
    check->add_option("FILE", options_.table, "The table to check");
    for (CLI::App* command : {lookup, list, check}) {
      add_common(command);
      command->add_option("--table", options_.table, "The table, instead of the one that the configuration names");
    }
    lookup->callback([this] { on_table(&map_lookup_here); });
    list->callback([this] { on_table(&map_list_here); });
    check->callback([this] { on_table(&map_check_here); });
    describe_edits(*map);
  }

  void describe_edits(CLI::App& map) {
    auto* set = map.add_subcommand("set", "Put a site's line into the table, or change it");
    set->add_option("ADDRESS", options_.what, "An address of the site: it says which line it is")->required();
    set->add_option("NAME", options_.to, "The site's name, or several with commas")->required();
    set->add_option("WORDS", options_.words, "GATEWAY[,GATEWAY] [PREFIX...] [OPTION=VALUE...], as in the table")->required();
    auto* remove = map.add_subcommand("remove", "Take a site's line out of the table");
    remove->add_option("WHAT", options_.what, "The line's address, or a name in it")->required();
    auto* rename = map.add_subcommand("rename", "Change a name in the table");
    rename->add_option("FROM", options_.what, "The name")->required();
    rename->add_option("TO", options_.to, "The new one")->required();
    auto* import = map.add_subcommand("import", "Set every line of another table: all of them, or none");
    import->add_option("FILE", options_.what, "The other table")->required();
    for (CLI::App* command : {set, remove, rename, import}) {
      add_common(command);
      command->add_option("--table", options_.table, "The table, instead of the one that the configuration names");
      command->add_flag("--dry-run", options_.dry_run, "Show what would change, and change nothing");
    }
    set->callback([this] { on_table(&map_set_here); });
    remove->callback([this] { on_table(&map_remove_here); });
    rename->callback([this] { on_table(&map_rename_here); });
    import->callback([this] { on_table(&map_import_here); });
  }

  template <class Action>
  CLI::App* describe_call(const char* name, const char* text, Action action) {
    CLI::App* command = app_.add_subcommand(name, text);
    add_common(command);
    command->add_option("--socket", options_.socket, "dvpnd's control socket, instead of the configured one");
    command->callback([this, action] { action_ = action; });
    return command;
  }

  void add_common(CLI::App* command) {
    command->add_flag("--json", options_.json, "Print one JSON object");
    command->add_option_function<std::string>(
        "-c,--config",
        [this](const std::string& path) {
          options_.config = path;
          options_.config_given = true;
        },
        text("dvpnd's configuration (", kConfigFile, ")"));
  }

  using TableAction = ExitCode (*)(const Options&, const MapFiles&, std::ostream&, std::ostream&);

  static ExitCode map_lookup_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    return map_lookup(files, o.what, o.form(), out, err);
  }
  static ExitCode map_list_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    return map_list(files, o.form(), out, err);
  }
  static ExitCode map_check_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    return map_check(files, o.form(), out, err);
  }

  static ExitCode edit(const Options& o, const MapFiles& files, const MapEdit& edit, std::ostream& out, std::ostream& err) {
    return map_edit(files, edit, o.dry_run ? Apply::kShow : Apply::kWrite, o.form(), out, err);
  }
  static ExitCode map_set_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    std::string names = o.to;
    std::ranges::replace(names, ',', ' ');
    std::string line = text(o.what, ' ', names, " #!");
    for (const std::string& word : o.words) line += ' ' + word;
    return edit(o, files, [&](std::string_view content) { return table::set_line(content, line); }, out, err);
  }
  static ExitCode map_remove_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    return edit(o, files, [&](std::string_view content) { return table::remove_line(content, o.what); }, out, err);
  }
  static ExitCode map_rename_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    return edit(o, files, [&](std::string_view content) { return table::rename_site(content, o.what, o.to); }, out, err);
  }
  static ExitCode map_import_here(const Options& o, const MapFiles& files, std::ostream& out, std::ostream& err) {
    const auto other = config::read_file(o.what);
    if (!other) return refuse(other.error().text, o.form(), out, err);
    return edit(o, files, [&](std::string_view content) { return table::import_lines(content, *other); }, out, err);
  }

  /// With a table on the command line the configuration need not be there.
  void on_table(TableAction action) {
    action_ = [this, action]() -> int {
      const bool needed = options_.table.empty() || options_.config_given;
      const auto config = read_config();
      if (!config && needed) return refuse(config.error(), options_.form(), out_, err_);
      MapFiles files{options_.table, {}};
      if (files.table.empty()) files.table = config->table;
      if (config) files.own_networks = config->site.networks;
      return action(options_, files, out_, err_);
    };
  }

  std::expected<config::DaemonConfig, std::string> read_config() const {
    const auto content = config::read_file(options_.config);
    if (!content) return std::unexpected(text(content.error().text, "; name another file with -c"));
    Diagnostics diagnostics(options_.config);
    auto config = config::parse_daemon_config(*content, diagnostics);
    if (diagnostics.has_errors()) return std::unexpected(diagnostics.render());
    return config;
  }

  /// Members of the control group may not be able to read the configuration: the default socket serves them.
  std::expected<std::string, std::string> socket() const {
    if (!options_.socket.empty()) return options_.socket;
    const auto config = read_config();
    if (!config && options_.config_given) return std::unexpected(config.error());
    return config ? config->control.socket : config::DaemonConfig().control.socket;
  }

  /// Asks, prints and judges: `healthy` says whether a good answer is good news.
  template <class Render, class Healthy>
  int ask(const char* call, const Render& render, const Healthy& healthy) {
    const auto path = socket();
    if (!path) return refuse(path.error(), options_.form(), out_, err_);
    const auto answer = call_daemon(*path, call);
    if (!answer) return refuse(answer.error().text, options_.form(), out_, err_, kUnreachable);
    const bool ok = (*answer)["ok"];
    if (options_.json) {
      print(*answer, out_);
    } else if (ok) {
      out_ << render(*answer);
    } else {
      const auto error = answer->value("error", nlohmann::json("dvpnd refused and did not say why"));
      refuse(error.is_string() ? error.get<std::string>() : error.dump(), Form::kText, out_, err_);
    }
    return ok && healthy(*answer) ? kOk : kNo;
  }

  template <class Render>
  int ask(const char* call, const Render& render) {
    return ask(call, render, [](const nlohmann::json&) { return true; });
  }

  int status() {
    return ask("status", render_status, [](const nlohmann::json& answer) { return degradations(answer).empty(); });
  }

  /// Its codes beyond yes and no are those of sysexits.h, so that a script can tell a stop from a question that failed.
  int why() {
    const auto path = socket();
    if (!path) return refuse(path.error(), options_.form(), out_, err_, kBadConfiguration);
    const auto answer = ask_daemon(*path, why_request(options_.why), kPatience);
    if (!answer) return refuse(answer.error().text, options_.form(), out_, err_, kUnavailable);
    const bool ok = (*answer)["ok"];
    if (!ok && !options_.json) return refuse(answer->value("error", std::string("dvpnd refused")), Form::kText, out_, err_, kBadQuestion);
    if (options_.json)
      print(*answer, out_);
    else
      out_ << render_why(*answer);
    if (!ok) return kBadQuestion;
    return answer->value("carried", false) ? kOk : kNo;
  }

  int flows() {
    return options_.kernel ? ask("redirects", render_redirects) : ask("flows", render_flows);
  }

  CLI::App app_{"Sites as one private network, over SSH", "dvpn"};
  Options options_;
  std::function<int()> action_;
  std::ostream& out_;
  std::ostream& err_;
};

}  // namespace

int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  return Program(out, err).run(arguments);
}

}  // namespace dvpn::cli
