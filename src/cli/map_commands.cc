// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn map …`
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/map.h"
#include "cli/map_edit.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

struct Options {
  std::string table;
  std::string what;
  std::string to;
  std::vector<std::string> words;
  bool dry_run = false;
};

class MapCommands : public std::enable_shared_from_this<MapCommands> {
 public:
  explicit MapCommands(CommandLine& line) : line_(line) {}

  void add() {
    CLI::App& map = line_.add_group("map", "The table on disk: questions and changes");
    add_questions(map);
    add_edits(map);
  }

 private:
  using Action = ExitCode (MapCommands::*)(const MapFiles&);

  void add_questions(CLI::App& map) {
    CLI::App* lookup = command(map, "lookup", "Which gateways an address or a name is carried through", &MapCommands::lookup);
    lookup->add_option("WHAT", options_.what, "An address, or a name in the table")->required();
    command(map, "list", "Every prefix", &MapCommands::list);
    command(map, "show", "The lines as they stand in the file", &MapCommands::show)
        ->add_option("WHAT", options_.what, "Of an address, or of a name");
    command(map, "check", "Everything that is wrong with the table", &MapCommands::check)
        ->add_option("FILE", options_.table, "The table to check");
  }

  void add_edits(CLI::App& map) {
    CLI::App* set = edit_command(map, "set", "Put a site's line into the table, or change it", &MapCommands::set);
    set->add_option("ADDRESS", options_.what, "An address of the site: it says which line it is")->required();
    set->add_option("NAME", options_.to, "The site's name, or several with commas")->required();
    set->add_option("WORDS", options_.words, "GATEWAY[,GATEWAY] [PREFIX...] [OPTION=VALUE...], as in the table")->required();
    edit_command(map, "remove", "Take a site's line out of the table", &MapCommands::remove)
        ->add_option("WHAT", options_.what, "The line's address, or a name in it")
        ->required();
    CLI::App* rename = edit_command(map, "rename", "Change a name in the table", &MapCommands::rename);
    rename->add_option("FROM", options_.what, "The name")->required();
    rename->add_option("TO", options_.to, "The new one")->required();
    edit_command(map, "import", "Set every line of another table: all of them, or none", &MapCommands::import)
        ->add_option("FILE", options_.what, "The other table")
        ->required();
  }

  CLI::App* command(CLI::App& map, const char* name, const char* text, Action action) {
    CLI::App* command = line_.add(map, name, text, [self = shared_from_this(), action] { return self->on_table(action); });
    command->add_option("--table", options_.table, "The table, instead of the one that the configuration names");
    return command;
  }

  CLI::App* edit_command(CLI::App& map, const char* name, const char* text, Action action) {
    CLI::App* edits = command(map, name, text, action);
    edits->add_flag("--dry-run", options_.dry_run, "Show what would change, and change nothing");
    return edits;
  }

  /// With a table on the command line the configuration need not be there.
  int on_table(Action action) {
    const bool needed = options_.table.empty() || line_.config_given();
    const auto config = line_.read_config();
    if (!config && needed) return line_.refuse(config.error());
    MapFiles files{options_.table, {}};
    if (files.table.empty()) files.table = config->table;
    if (config) files.own_networks = config->site.networks;
    return (this->*action)(files);
  }

  ExitCode lookup(const MapFiles& files) { return map_lookup(files, options_.what, line_.form(), line_.out(), line_.err()); }
  ExitCode list(const MapFiles& files) { return map_list(files, line_.form(), line_.out(), line_.err()); }
  ExitCode show(const MapFiles& files) { return map_show(files, options_.what, line_.form(), line_.out(), line_.err()); }
  ExitCode check(const MapFiles& files) { return map_check(files, line_.form(), line_.out(), line_.err()); }

  ExitCode edit(const MapFiles& files, const MapEdit& edit) {
    return map_edit(files, edit, options_.dry_run ? Apply::kShow : Apply::kWrite, line_.form(), line_.out(), line_.err());
  }

  ExitCode set(const MapFiles& files) {
    std::string names = options_.to;
    std::ranges::replace(names, ',', ' ');
    std::string line = text(options_.what, ' ', names, " #!");
    for (const std::string& word : options_.words) line += ' ' + word;
    return edit(files, [&](std::string_view content) { return table::set_line(content, line); });
  }
  ExitCode remove(const MapFiles& files) {
    return edit(files, [&](std::string_view content) { return table::remove_line(content, options_.what); });
  }
  ExitCode rename(const MapFiles& files) {
    return edit(files, [&](std::string_view content) { return table::rename_site(content, options_.what, options_.to); });
  }
  ExitCode import(const MapFiles& files) {
    const auto other = config::read_file(options_.what);
    if (!other) return line_.refuse(other.error().text);
    return edit(files, [&](std::string_view content) { return table::import_lines(content, *other); });
  }

  CommandLine& line_;
  Options options_;
};

}  // namespace

void add_map_commands(CommandLine& line) { std::make_shared<MapCommands>(line)->add(); }

}  // namespace dvpn::cli
