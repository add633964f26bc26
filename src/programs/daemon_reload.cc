// SPDX-License-Identifier: GPL-2.0-or-later
// What makes the daemon follow its files: a reload of all of them on request, and of the table when it has changed. A new snapshot
// is put in force whole, or nothing changes.
#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "config/file.h"
#include "config/published_file.h"
#include "config/rules_dump.h"
#include "intercept/routing_stop.h"
#include "programs/daemon.h"
#include "table/hosts_names.h"

namespace dvpn {

namespace {

/// How often the table's file is looked at. It is read when it has stayed the same for so long: an editor may be at it.
constexpr auto kWatchInterval = std::chrono::milliseconds(250);

std::vector<net::Prefix> prefixes_for_sets(const flow::Snapshot& snapshot) {
  return config::set_prefixes(snapshot.config, snapshot.table.prefixes());
}

/// Whether all that is new can take effect without a restart.
bool changes_running(const config::DaemonConfig& now, const config::DaemonConfig& next) {
  return next.intercept == now.intercept && next.udp.carry == now.udp.carry && next.ping.carry == now.ping.carry &&
         next.rules.mark == now.rules.mark && next.control.socket == now.control.socket && next.metrics.listen == now.metrics.listen &&
         next.metrics.hosts == now.metrics.hosts && next.web == now.web && next.daemon.workers == now.daemon.workers;
}

}  // namespace

intercept::HeldSyns::Limits Daemon::gate_limits() const {
  return {.held = snapshot_->config.limits.held, .held_per_client = snapshot_->config.limits.held_per_client};
}

net::Task<std::string> Daemon::reload() {
  while (reloading_) co_await reload_ended_.wait();  // unbounded: ended by the one that is under way
  reloading_ = true;
  const FileStamp stamp(snapshot_->config.table);
  auto loaded = control::load(config_path_);
  if (loaded) {
    const Status forwards = change_forwards(loaded->snapshot->config.forwards);
    if (!forwards) loaded = std::unexpected(text(forwards.error().text, '\n'));
  }
  if (!loaded) {
    config_state_.error = loaded.error();
    table_state_.error = loaded.error();
    log_error("reload refused, nothing changed:");
    log_lines(LogLevel::kError, loaded.error());
    table_stamp_ = stamp;  // "nothing changed" holds for the table as well, until it changes again
    end_reload();
    co_return control::error_answer(loaded.error());
  }
  log_lines(LogLevel::kWarning, loaded->warnings);
  if (!changes_running(snapshot_->config, loaded->snapshot->config))
    log_warning("intercept, udp.carry, ping.carry, rules.mark, control.socket, metrics, web and daemon.workers change with a restart only");
  table_stamp_ = stamp;
  auto putting = put_in_force(loaded->snapshot);
  co_await std::move(putting);
  config_state_ = {config_path_, std::chrono::system_clock::now(), std::nullopt};
  end_reload();
  co_return control::reload_answer(*snapshot_, loaded->warnings);
}

/// By looking, not by inotify(7): that sees neither a file behind a symbolic link that is changed nor one that is mounted over.
net::Task<> Daemon::watch_table() {
  FileStamp seen = table_stamp_;
  while (!stopping_) {
    watch_timer_.expires_after(kWatchInterval);
    co_await watch_timer_.async_wait(net::use_result);
    if (stopping_) break;
    const FileStamp now(snapshot_->config.table);
    const bool steady = now == seen;
    seen = now;
    if (!steady || now == table_stamp_ || reloading_) continue;
    co_await reload_table(now);
  }
}

net::Task<> Daemon::reload_table(FileStamp stamp) {
  reloading_ = true;
  table_stamp_ = stamp;
  std::string warnings;
  auto table = control::load_table(snapshot_->config.table, warnings);
  if (table) {
    log_lines(LogLevel::kWarning, warnings);
    auto putting = put_in_force(std::make_shared<const flow::Snapshot>(flow::Snapshot{snapshot_->config, std::move(*table), snapshot_->gateways}));
    co_await std::move(putting);
  } else {
    table_state_.error = table.error();
    log_error("the table has changed and has mistakes; the one that was read before stays in force:");
    log_lines(LogLevel::kError, table.error());
  }
  end_reload();
}

/// For a resolver that watches the file (names in dvpnd.yaml).
void Daemon::publish_names() const {
  const config::DaemonConfig& config = snapshot_->config;
  if (config.names.empty()) return;
  const auto table = config::read_file(config.table);
  const Status published = table ? config::publish(config.names, table::plain_hosts(*table)) : std::unexpected(table.error());
  if (!published) log_error(text("the table's names are not published: ", published.error().text));
}

void Daemon::end_reload() {
  reloading_ = false;
  reload_ended_.notify_all();
}

net::Task<> Daemon::put_in_force(flow::SnapshotPtr next) {
  co_await take_out_of_sets(prefixes_for_sets(*snapshot_), prefixes_for_sets(*next));
  snapshot_ = std::move(next);
  set_log_level(snapshot_->config.log.level);
  recent_log_.resize(snapshot_->config.log.recent);
  dispatcher_->renew(snapshot_);
  if (gate_) gate_->set_limits(gate_limits());
  for (const auto& worker : workers_) worker->renew(snapshot_);
  co_await fill_sets();
  routing_stop_behind_.notify();
  publish_names();
  table_state_ = {snapshot_->config.table, std::chrono::system_clock::now(), std::nullopt};
  log_info(text("reloaded: ", snapshot_->table.routes().size(), " routes"));
}

/// Before the new table is in force: what it has no line for must not be caught any more.
net::Task<> Daemon::take_out_of_sets(std::vector<net::Prefix> before, std::vector<net::Prefix> after) {
  if (!snapshot_->config.rules.update_sets) co_return;
  std::vector<net::Prefix> gone;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  if (gone.empty()) co_return;
  const std::string& name = snapshot_->config.rules.set;
  auto running = intercept::run_ipset(name, intercept::removal_commands(name, gone));
  const Result<bool> outcome = co_await std::move(running);
  note_sets(outcome);
}

/// The second stop follows the table a little behind the sets: tens of thousands of routes take a second, and nobody meets them while the
/// rules stand.
net::Task<> Daemon::keep_stop() {
  while (!stopping_) {
    if (routing_stop_made_for_ == snapshot_)
      co_await routing_stop_behind_.wait();
    else
      co_await fill_stop(std::exchange(routing_stop_made_for_, snapshot_));
  }
}

/// `before`: what the routes were made for, if that is known.
net::Task<> Daemon::fill_stop(flow::SnapshotPtr before) {
  const auto said = std::exchange(routing_stop_error_, std::nullopt);
  if (!snapshot_->config.rules.update_sets || snapshot_->config.site.lan.empty()) {
    routing_stop_ = intercept::SetState::kOff;
    co_return;
  }
  const std::vector<net::Prefix>& networks = snapshot_->config.site.networks;
  const bool known = before && routing_stop_ == intercept::SetState::kSynced && before->config.site.networks == networks;
  auto running = known ? intercept::change_stop(prefixes_for_sets(*before), prefixes_for_sets(*snapshot_), networks)
                       : intercept::fill_stop(prefixes_for_sets(*snapshot_), networks);
  const Result<bool> outcome = co_await std::move(running);
  routing_stop_ = !outcome ? intercept::SetState::kFailed : *outcome ? intercept::SetState::kSynced : intercept::SetState::kAbsent;
  if (outcome) co_return;
  routing_stop_error_ = outcome.error().text;
  if (routing_stop_error_ != said) log_error(text("the routes of the second stop are not what the table says: ", *routing_stop_error_));
}

/// After the new table is in force: the sets become what it says, in one step each.
net::Task<> Daemon::fill_sets() {
  if (!snapshot_->config.rules.update_sets) {
    sets_ = intercept::SetState::kOff;
    co_return;
  }
  const std::string& name = snapshot_->config.rules.set;
  std::string commands = intercept::set_commands(name, prefixes_for_sets(*snapshot_), snapshot_->config.site.networks);
  auto running = intercept::run_ipset(name, std::move(commands));
  const Result<bool> outcome = co_await std::move(running);
  note_sets(outcome);
}

void Daemon::note_sets(const Result<bool>& outcome) {
  sets_error_ = outcome ? std::nullopt : std::optional(outcome.error().text);
  sets_ = !outcome ? intercept::SetState::kFailed : *outcome ? intercept::SetState::kSynced : intercept::SetState::kAbsent;
  if (!outcome) log_error(text("the rules' sets are not what the table says: ", outcome.error().text));
}

}  // namespace dvpn
