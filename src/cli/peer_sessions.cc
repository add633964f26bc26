// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/peer_sessions.h"

#include <netdb.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>

#include "base/privileges.h"
#include "base/text.h"
#include "cli/authorized_keys.h"
#include "config/file.h"

namespace dvpn::cli {

namespace {

/// Who was just logging in is seen the second time.
constexpr int kRounds = 3;
constexpr std::size_t kMostNamed = 20;  // in a sentence

std::vector<net::Address> addresses_of(const table::GatewaySpec& gateway) {
  if (const auto address = net::Address::parse(gateway.host)) return {*address};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(gateway.host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::vector<net::Address> out;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    sockaddr_storage storage{};
    std::copy_n(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen, reinterpret_cast<char*>(&storage));
    if (const auto endpoint = net::Endpoint::from_sockaddr(storage)) out.push_back(endpoint->address);
  }
  return out;
}

std::string keys_of(const PeerSite& site, const std::string& account) {
  return config::read_file(text(site.files.keys_folder, '/', account)).value_or(std::string());
}

}  // namespace

RemovedPeer find_peer(const PeerSite& site, const std::string& name) {
  RemovedPeer out;
  for (const std::string& account : login_accounts(site.files))
    if (has_site(keys_of(site, account), name)) out.accounts.push_back(account);
  Diagnostics unheard("");
  const auto content = config::read_file(site.config.table);
  const auto table = content ? table::Table::parse(*content, unheard) : table::Table();
  for (const table::Route& route : table.routes())
    if (std::ranges::find(route.names, name) != route.names.end()) std::ranges::copy(route.gateways, std::back_inserter(out.gateways));
  return out;
}

EndedSessions end_sessions_of(const PeerSite& site, const RemovedPeer& peer) {
  EndedSessions out;
  std::vector<net::Address> own;
  for (const table::GatewaySpec& gateway : peer.gateways) std::ranges::copy(addresses_of(gateway), std::back_inserter(own));
  for (const std::string& account : peer.accounts) {
    const auto known = find_account(account);
    if (!known) continue;
    const bool shared = has_keys(keys_of(site, account));
    const auto stays = [&](const SshdSession& session) {
      return shared && (!session.from || std::ranges::find(own, *session.from) == own.end());
    };
    for (int round = 0; round < kRounds; ++round) {
      std::vector<SshdSession> sessions = sshd_sessions(account, known->uid);
      const auto first_to_stay = std::ranges::stable_partition(sessions, std::not_fn(stays)).begin();
      std::vector<SshdSession> to_stay(std::make_move_iterator(first_to_stay), std::make_move_iterator(sessions.end()));
      sessions.erase(first_to_stay, sessions.end());
      const bool last = sessions.empty() || round + 1 == kRounds;
      if (end_sessions(sessions))
        out.ended += sessions.size();
      else if (last)  // (else they are met again)
        std::ranges::move(sessions, std::back_inserter(to_stay));
      if (!last) continue;
      for (const SshdSession& session : to_stay) out.left.push_back({account, session.pid, session.from ? session.from->to_string() : std::string()});
      break;
    }
  }
  return out;
}

std::expected<std::size_t, std::string> end_all_sessions(const PeerSite& site, const std::string& account) {
  const std::vector<std::string> accounts = login_accounts(site.files);
  if (std::ranges::find(accounts, account) == accounts.end()) return std::unexpected(text("'", account, "' is no login account of peers: ", site.files.keys_folder, " has one file for each"));
  const auto known = find_account(account);
  if (!known) return std::unexpected(known.error().text);
  std::size_t ended = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<SshdSession> sessions = sshd_sessions(account, known->uid);
    if (sessions.empty()) break;
    if (!end_sessions(sessions)) return std::unexpected(text("a session of ", account, " does not end: see ps -u ", account));
    ended += sessions.size();
  }
  return ended;
}

std::string render(const EndedSessions& sessions) {
  std::string out = sessions.ended == 0 ? "no session of its was ended\n" : text(sessions.ended, sessions.ended == 1 ? " session" : " sessions", " of its ended\n");
  if (sessions.left.empty()) return out;
  out += text("account ", sessions.left.front().account, " has sessions that go on, from other addresses than the site's, or such as did not end:\n");
  for (std::size_t i = 0; i < std::min(sessions.left.size(), kMostNamed); ++i)
    out += text("  pid ", sessions.left[i].pid, " from ", sessions.left[i].from.empty() ? "an unknown address" : sessions.left[i].from, '\n');
  if (sessions.left.size() > kMostNamed) out += text("  and ", sessions.left.size() - kMostNamed, " more\n");
  return out + "which key each came with, sshd's log says (\"Accepted publickey\"). If the key may be in strange hands, dvpn peer end-sessions " +
         sessions.left.front().account + "\nends all of the account's; other sites come back by themselves\n";
}

}  // namespace dvpn::cli
