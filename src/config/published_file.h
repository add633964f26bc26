// SPDX-License-Identifier: GPL-2.0-or-later
// A file that another program reads, or watches (inotify(7)): it is there whole, or as it was.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace dvpn::config {

/// Puts `content` at `path`, readable by all, in one step, in a folder that is made if it is missing; the file that it is written to before begins with a dot. Not synced: what is
/// published is made anew by the next start. kSystem, with the place, if it cannot be done. Blocks on the disk.
Status publish(const std::string& path, std::string_view content);

}  // namespace dvpn::config
