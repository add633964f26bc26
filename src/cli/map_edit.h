// SPDX-License-Identifier: GPL-2.0-or-later
// `dvpn map set|remove|rename|import`: changes of the table on disk. What would not be a table is refused, and nothing changes.
#pragma once

#include <expected>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/map.h"
#include "table/edit.h"

namespace dvpn::cli {

/// What an edit makes of the file's text, or why it cannot.
using MapEdit = std::function<std::expected<table::Edit, std::string>(std::string_view content)>;

/// What is to become of it.
enum class Apply { kWrite, kShow };

/// Edits the table and says what changed. kNo: the edit cannot be made; kBadData: the table would have mistakes, or has them;
/// kCannotWrite: the disk does not allow it. Nothing has changed then.
ExitCode map_edit(const MapFiles& files, const MapEdit& edit, Apply apply, Form form, std::ostream& out, std::ostream& err);

}  // namespace dvpn::cli
