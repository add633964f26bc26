// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/gateway.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "net/deadline.h"

namespace dvpn::gateway {

namespace {

using std::chrono::milliseconds;

/// A session that breaks sooner than this counts as a failed attempt.
constexpr auto kShortLife = std::chrono::seconds(10);
/// Channels that may be opening at once, on all sessions of one worker together. A relay holds 1,000 connections without
/// a request for each account (limits.spares_per_account), and each is one until the request has crossed the path.
constexpr std::size_t kMostOpenings = 128;
/// A spare is closed after so long: well before a relay would do it (spare_timeout, 10 minutes).
constexpr auto kSpareAge = std::chrono::minutes(4);
/// What its relay said of a limit is worth showing for so long: flows come and go.
constexpr auto kFullFor = std::chrono::minutes(1);
/// How often one opening is moved to another session because its session broke.
constexpr int kMostTries = 3;

bool is_final(ssh::SessionTrouble trouble) {
  return trouble == ssh::SessionTrouble::kHostKeyUnknown || trouble == ssh::SessionTrouble::kHostKeyChanged;
}

/// What an sshd has said to us is obeyed, whoever else is let in: it turns us away, or our keys.
bool is_refusal(ssh::SessionTrouble trouble) {
  return is_final(trouble) || trouble == ssh::SessionTrouble::kAuthentication || trouble == ssh::SessionTrouble::kTurnedAway;
}

}  // namespace

Gateway::Gateway(const net::Executor& executor, table::GatewaySpec spec, std::shared_ptr<const Settings> settings, Turns& turns, Room& room)
    : executor_(executor),
      spec_(std::move(spec)),
      settings_(std::move(settings)),
      tasks_(executor),
      turns_(turns),
      room_(room),
      turn_came_(executor),
      backoff_(settings_->backoff_min, settings_->backoff_max) {}

bool Gateway::may_try() const { return !stopped_ && (!failure_ || (!final_ && (Clock::now() >= retry_at_ || (setback_ && setback_->over())))); }

bool Gateway::answers() const {
  return std::ranges::any_of(pool_, [](const Pooled* pooled) { return pooled->session->up() && pooled->session->answers(); });
}

bool Gateway::healthy() const { return !suspect_ && (pool_.empty() || answers()); }

void Gateway::suspect() {
  suspect_ = true;
  up_since_ = {};
}

void Gateway::revive() {
  if (!connecting_ && !answers() && may_try() && pool_.size() < settings_->pool.sessions) start_session();
}

void Gateway::start_session() {
  connecting_ = true;
  setback_.reset();
  tasks_.spawn(set_up_session());
}

/// The session for the next channel, if there is one; starts another where the policy wants it.
std::optional<std::size_t> Gateway::pick() {
  std::vector<SessionLoad> sessions;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    if (!pool_[i]->session->up() || !pool_[i]->session->answers()) continue;  // (broken, and its end not noticed yet; or silent)
    sessions.push_back({flows_on(*pool_[i]->session), pool_[i]->busy});
    which.push_back(i);
  }
  const bool silent = sessions.empty() && !pool_.empty();
  if (silent) suspect();
  const bool room = pool_.size() < settings_->pool.sessions;
  const Growth growth = connecting_ ? Growth::kUnderWay : may_try() && room ? Growth::kPossible : Growth::kImpossible;
  const PoolDecision decision = decide(sessions, growth, settings_->pool);
  if (decision.grow) start_session();
  return decision.use ? std::optional(which[*decision.use]) : std::nullopt;
}

std::size_t Gateway::flows_on(const ssh::Session& session) const {
  const auto spares = std::ranges::count_if(spares_, [&](const Spare& spare) { return &spare.channel->session() == &session; });
  return session.channels() - static_cast<std::size_t>(spares);
}

void Gateway::keep(std::unique_ptr<ssh::Channel> channel, std::string unix_socket) {
  channel->rest();
  if (!stopped_ && channel->untouched()) spares_.push_back({std::move(channel), std::move(unix_socket), Clock::now()});
}

bool Gateway::is_busy(const ssh::Session& session) const {
  return std::ranges::any_of(pool_, [&session](const Pooled* pooled) { return pooled->session.get() == &session && pooled->busy; });
}

/// The last one that was used, if it still is good: nothing may have come on it, not even its end.
std::unique_ptr<ssh::Channel> Gateway::take_spare(const std::string& unix_socket, Busy busy) {
  std::unique_ptr<ssh::Channel> channel;
  for (std::size_t i = spares_.size(); i-- > 0 && !channel;) {
    Spare& spare = spares_[i];
    if (busy == Busy::kAvoid && is_busy(spare.channel->session())) continue;
    if (!spare.channel->session().answers()) continue;
    if (spare.channel->untouched() && spare.unix_socket == unix_socket) channel = std::move(spare.channel);
    spares_.erase(spares_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  fewest_spares_ = std::min(fewest_spares_, spares_.size());
  return channel;
}

/// Those that were not needed for a whole second go, but for one; so do those that are old or ended.
void Gateway::drop_spares() {
  const auto now = Clock::now();
  const std::size_t unneeded = fewest_spares_ > 1 ? fewest_spares_ - 1 : 0;
  spares_.erase(spares_.begin(), spares_.begin() + static_cast<std::ptrdiff_t>(std::min(unneeded, spares_.size())));
  std::erase_if(spares_, [now](const Spare& spare) { return !spare.channel->untouched() || now - spare.since > kSpareAge; });
  fewest_spares_ = spares_.size();
}

net::Task<std::expected<std::unique_ptr<ssh::Channel>, Failure>> Gateway::open(Target target, Wait& wait, milliseconds within) {
  if (target.unix_socket) {
    std::unique_ptr<ssh::Channel> spare = take_spare(*target.unix_socket, Busy::kAvoid);
    if (!spare && std::ranges::all_of(pool_, &Pooled::busy)) {
      (void)pick();  // a quiet session for those that come after
      spare = take_spare(*target.unix_socket, Busy::kAccept);
    }
    if (spare) {
      ++opens_;
      no_relay_.reset();
      co_return std::move(spare);
    }
  }
  const auto end = Clock::now() + within;
  const net::Deadline deadline(executor_, within, [&wait] { wait.look_again(); });
  Failure failure = ssh::SessionFailure{ssh::SessionTrouble::kTimeout, "no session in time"};
  for (int tries = 0; tries < kMostTries && !stopped_;) {
    if (wait.given_up_) co_return std::unexpected(ssh::SessionFailure{ssh::SessionTrouble::kClosed, "nobody waits for it any more"});
    const std::optional<std::size_t> use = pick();
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) {
      suspect();
      break;
    }
    if (!use && !connecting_) {
      failure = failure_.value_or(ssh::SessionFailure{ssh::SessionTrouble::kClosed, "the gateway is not in use any more"});
      break;
    }
    if (!use || openings_ >= kMostOpenings) {
      const auto place = waiting_.insert(waiting_.end(), &wait);
      co_await wait.turn_.wait();
      waiting_.erase(place);
      continue;
    }
    Pooled& pooled = *pool_[*use];
    ++tries;
    pooled.idle_since = Clock::now();
    ssh::Session& session = *pooled.session;
    ++openings_;
    auto opened = target.unix_socket ? session.open_unix(*target.unix_socket, left)
                                     : session.open_tcp(target.direct.address.to_string(), target.direct.port, left);
    auto channel = co_await std::move(opened);
    if (--openings_ == kMostOpenings / 2) wake_all();  // (all at once, but seldom)
    if (channel) {
      ++opens_;
      if (target.unix_socket) no_relay_.reset();
      co_return std::move(*channel);
    }
    const bool lost = channel.error().trouble == ssh::OpenTrouble::kSessionLost || channel.error().trouble == ssh::OpenTrouble::kTimedOut;
    if (target.unix_socket && !lost) no_relay_ = channel.error();
    failure = channel.error();
    if (channel.error().trouble != ssh::OpenTrouble::kSessionLost) break;
  }
  ++failures_;
  co_return std::unexpected(std::move(failure));
}

void Gateway::wake_all() {
  for (Wait* const wait : waiting_) wait->look_again();
}

/// Connects when it has its turn. What fails then is told to the other workers that wait for theirs.
net::Task<std::optional<ssh::SessionFailure>> Gateway::take_turn(ssh::Session& session, std::shared_ptr<const Settings> settings) {
  Turns::Turn turn(turns_, spec_.host, spec_.port, settings->handshakes, [this] { net::asio::post(executor_, [this] { turn_came_.notify(); }); });
  // unbounded: ended by those that have their turn, whose attempts have a deadline, and by stop()
  while (turn.state() == Turns::Turn::State::kWaits && !stopped_) co_await turn_came_.wait();
  if (turn.state() == Turns::Turn::State::kFailed) co_return turn.failure();
  if (stopped_) co_return ssh::SessionFailure{ssh::SessionTrouble::kClosed, "stopped"};
  Attempt attempt{session};
  attempt_ = &attempt;
  auto connecting = connect(attempt, settings->connect_timeout);
  std::optional<ssh::SessionFailure> trouble = co_await std::move(connecting);
  attempt_ = nullptr;
  if (!trouble) turn.succeeded();
  if (trouble && !stopped_) turn.failed(*trouble);
  co_return trouble;
}

net::Task<std::optional<ssh::SessionFailure>> Gateway::connect(Attempt& attempt, milliseconds within) {
  const auto started = Clock::now();
  auto connecting = attempt.connector.connect(spec_.host, spec_.port, within);
  auto socket = co_await std::move(connecting);
  if (!socket) co_return ssh::SessionFailure{ssh::SessionTrouble::kUnreachable, socket.error().text};
  const auto left = within - std::chrono::duration_cast<milliseconds>(Clock::now() - started);
  auto entering = room_.enter();
  const Room::Place place = co_await std::move(entering);
  if (stopped_) {
    room_.leave(place);
    co_return ssh::SessionFailure{ssh::SessionTrouble::kClosed, "stopped"};
  }
  auto shaking_hands = attempt.session.connect(std::move(*socket), std::max(left, milliseconds(1)));
  auto outcome = co_await std::move(shaking_hands);
  room_.leave(place);
  if (!outcome) co_return outcome.error();
  co_return std::nullopt;
}

net::Task<> Gateway::set_up_session() {
  const std::string name = spec_.to_string();
  const std::shared_ptr<const Settings> settings = settings_;
  ssh::SessionOptions options{.host = spec_.host,
                              .port = spec_.port,
                              .user = spec_.user,
                              .ciphers = settings->ciphers,
                              .keys = settings->keys.get(),
                              .known_hosts = settings->known_hosts.get(),
                              .keepalive = settings->keepalive,
                              .keepalive_misses = settings->keepalive_misses};
  Pooled pooled{std::make_unique<ssh::Session>(executor_, std::move(options)), settings, Clock::now()};
  ssh::Session& session = *pooled.session;

  // A gateway without a pin is not even connected to: its sshd would count an attempt that never authenticates.
  std::optional<ssh::SessionFailure> trouble;
  if (settings->known_hosts->find(spec_.host, spec_.port).empty()) {
    trouble = {ssh::SessionTrouble::kHostKeyUnknown, "no host key is pinned for it in known_hosts"};
  } else {
    auto connecting = take_turn(session, settings);
    trouble = co_await std::move(connecting);
  }
  connecting_ = false;
  if (stopped_ && !trouble) trouble = {ssh::SessionTrouble::kClosed, "stopped"};
  if (trouble) {
    // A verdict on keys and pins that a reload has replaced meanwhile says nothing about the new ones.
    if (settings == settings_) failed(std::move(*trouble));
    wake_all();
    co_return;
  }
  log_info(text("gateway ", name, ": session up, cipher ", session.cipher()));
  failure_.reset();
  const auto born = Clock::now();
  pool_.push_back(&pooled);
  wake_all();

  ssh::SessionFailure end = co_await session.run();
  std::erase(pool_, &pooled);
  std::erase_if(spares_, [&session](const Spare& spare) { return &spare.channel->session() == &session; });
  if (end.trouble != ssh::SessionTrouble::kClosed && !answers()) suspect();
  if (end.trouble == ssh::SessionTrouble::kClosed) {
    log_info(text("gateway ", name, ": session closed"));
    backoff_.succeeded();
  } else {
    const bool short_life = Clock::now() - born < kShortLife;
    log_warning(text("gateway ", name, ": session lost: ", end.text));
    if (!short_life) backoff_.succeeded();
    if (short_life && pool_.empty()) failed(std::move(end));
  }
  wake_all();
  co_await session.wait_unused();
}

void Gateway::failed(ssh::SessionFailure failure) {
  if (stopped_) return;
  suspect();
  final_ = is_final(failure.trouble);
  milliseconds wait = backoff_.failed(static_cast<std::uint32_t>(random_()) << 1);
  if (failure.trouble == ssh::SessionTrouble::kAuthentication) wait = std::max(wait, settings_->backoff_max / 2 + wait / 2);
  retry_at_ = Clock::now() + wait;
  if (!is_refusal(failure.trouble)) setback_.emplace(turns_, spec_.host, spec_.port);
  const std::string next = final_ ? "not tried again before a reload" : text("next attempt in ", format_duration(wait), " at the earliest");
  log_warning(text("gateway ", spec_.to_string(), ": no session: ", failure.text, " (", next, ")"));
  failure_ = std::move(failure);
}

void Gateway::renew(std::shared_ptr<const Settings> settings) {
  settings_ = std::move(settings);
  failure_.reset();
  setback_.reset();
  no_relay_.reset();
  relay_full_.reset();
  final_ = false;
  suspect_ = false;
  backoff_ = Backoff(settings_->backoff_min, settings_->backoff_max);
}

void Gateway::sweep() {
  drop_spares();
  const auto now = Clock::now();
  if (!answers()) {
    if (!pool_.empty()) suspect();
  } else if (suspect_) {
    if (up_since_ == Clock::time_point{}) up_since_ = now;
    if (now - up_since_ >= settings_->settle_time) suspect_ = false;
    wake_all();  // (some may wait for a session that has found its tongue again)
  }
  for (Pooled* const pooled : pool_) {
    pooled->session->measure_round_trip();
    pooled->busy = pooled->session->bytes() - pooled->bytes >= kBusyBytes;
    pooled->bytes = pooled->session->bytes();
    if (flows_on(*pooled->session) > 0) pooled->idle_since = now;
    if (now - pooled->idle_since > settings_->idle_timeout) pooled->session->close();
  }
}

void Gateway::stop() {
  stopped_ = true;
  spares_.clear();
  for (Pooled* const pooled : pool_) pooled->session->close();
  if (attempt_ != nullptr) {
    attempt_->connector.cancel();
    attempt_->session.close();
  }
  turn_came_.notify();
  wake_all();
}

void Gateway::relay_is_full(std::string why) {
  relay_full_ = RelayFull{std::move(why)};
  full_at_ = Clock::now();
}

Stats Gateway::stats() const {
  Stats stats{.name = spec_.to_string(), .opens = opens_, .failures = failures_};
  const auto now = Clock::now();
  for (const Pooled* const pooled : pool_) {
    stats.channels += flows_on(*pooled->session);
    const auto sample = pooled->session->round_trip();
    if (sample.count() > 0 && (stats.round_trip.count() == 0 || sample < stats.round_trip)) stats.round_trip = sample;
  }
  stats.sessions = pool_.size();
  if (relay_full_ && now - full_at_ < kFullFor) {
    stats.last_error = relay_full_->text;
    stats.failure = *relay_full_;
  }
  if (no_relay_) {
    stats.last_error = text("no channel to the relay's socket: ", no_relay_->text);
    stats.failure = *no_relay_;
  }
  if (failure_) {
    stats.last_error = failure_->text;
    stats.failure = *failure_;
    stats.state = final_ ? Stats::State::kFailed : Stats::State::kBackoff;
    if (!final_ && !stopped_ && !may_try()) stats.retry_in = std::chrono::duration_cast<milliseconds>(retry_at_ - now);
  }
  if (connecting_) stats.state = Stats::State::kConnecting;
  if (!pool_.empty()) stats.state = answers() ? Stats::State::kUp : Stats::State::kSilent;
  if (stats.state == Stats::State::kSilent && stats.last_error.empty()) stats.last_error = "its sshd does not answer";
  return stats;
}

}  // namespace dvpn::gateway
