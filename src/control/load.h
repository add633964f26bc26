// SPDX-License-Identifier: GPL-2.0-or-later
// Reads everything that the daemon works from into one snapshot: configuration, table, pinned host keys, keys.
#pragma once

#include <expected>
#include <string>

#include "flow/snapshot.h"

namespace dvpn::control {

/// What was read, with warnings for the operator (whole lines, may be empty).
struct Loaded {
  flow::SnapshotPtr snapshot;
  std::string warnings;
};

/// Either all of it is good, or the text says everything that is wrong with it, with the places (whole lines). Blocks on
/// the disk.
std::expected<Loaded, std::string> load(const std::string& config_path);

/// The configuration alone, for what needs no more.
std::expected<config::DaemonConfig, std::string> load_config(const std::string& config_path, std::string& warnings);

/// The table alone.
std::expected<table::Table, std::string> load_table(const std::string& path, std::string& warnings);

}  // namespace dvpn::control
