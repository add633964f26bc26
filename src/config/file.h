// SPDX-License-Identifier: GPL-2.0-or-later
// A whole file in memory, with a bound.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace dvpn::config {

inline constexpr std::size_t kLargestFile = 16u << 20;  // bytes

/// The content of a regular file. kConfiguration, with the path in the text, if it is not there, not readable, no
/// regular file or larger than `most`. Blocks on the disk alone: a FIFO or a device is refused, not waited for.
Result<std::string> read_file(const std::string& path, std::size_t most = kLargestFile);

}  // namespace dvpn::config
