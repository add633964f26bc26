// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/map_edit.h"

#include "base/text.h"
#include "cli/columns.h"
#include "cli/json.h"
#include "config/edited_file.h"
#include "table/table.h"

namespace dvpn::cli {

namespace {

using nlohmann::json;

json to_json(const MapFiles& files, const table::Edit& edit, bool written, const Diagnostics& said) {
  json answer = {{"v", 1}, {"ok", true}, {"table", files.table}, {"written", written}, {"changes", json::array()}, {"warnings", said.warnings()}};
  for (const table::LineChange& change : edit.changes)
    answer["changes"].push_back({{"line", change.line},
                                 {"before", change.before ? json(*change.before) : json()},
                                 {"after", change.after ? json(*change.after) : json()}});
  return answer;
}

}  // namespace

ExitCode map_edit(const MapFiles& files, const MapEdit& edit, Apply apply, Form form, std::ostream& out, std::ostream& err) {
  auto file = config::EditedFile::open(files.table);
  if (!file) return refuse(file.error().text, form, out, err, kCannotWrite);

  Diagnostics before(files.table);
  table::Table::parse(file->content(), before);
  if (before.has_errors())
    return refuse(text(before.render(), files.table, ": has mistakes already: mend them with an editor first\n"), form, out, err, kBadData);
  const auto edited = edit(file->content());
  if (!edited) return refuse(text(files.table, ": ", edited.error()), form, out, err);
  Diagnostics after(files.table);
  table::Table::parse(edited->content, after);
  if (after.has_errors()) return refuse(text(after.render(), files.table, ": nothing was changed\n"), form, out, err, kBadData);

  const bool writes = apply == Apply::kWrite && !edited->changes.empty();
  if (writes)
    if (const Status replaced = file->replace(edited->content); !replaced) return refuse(replaced.error().text, form, out, err, kCannotWrite);
  if (form == Form::kJson) {
    print(to_json(files, *edited, writes, after), out);
    return kOk;
  }
  if (after.warnings() > before.warnings()) err << after.render();
  out << (edited->changes.empty() ? text(files.table, ": it is so already\n") : printable(text(files.table, '\n', table::render(edited->changes))));
  return kOk;
}

}  // namespace dvpn::cli
