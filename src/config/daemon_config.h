// SPDX-License-Identifier: GPL-2.0-or-later
// dvpnd.yaml as a plain struct: the defaults and units stand at the members. Read once, validated, then never
// changed; a reload makes a new one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/log.h"
#include "net/address.h"

namespace dvpn::config {

struct Forward {
  net::Endpoint listen;
  net::Endpoint to;
  bool operator==(const Forward&) const = default;
};

/// Where HTTP is served; nowhere unless one of the two is set.
struct HttpListen {
  std::optional<net::Endpoint> endpoint;
  std::string path;  ///< of a unix socket

  bool off() const { return !endpoint && path.empty(); }
  std::string to_string() const { return endpoint ? endpoint->to_string() : path; }
  bool operator==(const HttpListen&) const = default;
};

/// What is served there is for reading alone.
struct Http {
  HttpListen listen;
  bool remote = false;             ///< other machines may reach it
  std::vector<std::string> hosts;  ///< names that it may be called by, besides localhost and addresses
  bool operator==(const Http&) const = default;
};

enum class Role { kRouter, kLeaf };

/// What a host gets before the far side has answered: nothing, because its SYN is held; or a connection, which may turn out
/// to lead nowhere.
enum class Gate { kHold, kAcceptFirst };

struct DaemonConfig {
  struct Site {
    std::vector<net::Prefix> networks;  ///< the site's own
    std::vector<std::string> lan;       ///< interfaces whose hosts are carried
    std::vector<std::string> wan;       ///< interfaces that face the Internet
    std::string name;                   ///< what other sites call this one; empty: not said
    std::vector<std::string> gateways;  ///< under which others reach this one's sshd: HOST[:PORT]; empty: not said
    bool operator==(const Site&) const = default;
  } site;

  std::string table = "/etc/dvpn/hosts";
  std::string names;  ///< where the table's names are published for a resolver; empty: nowhere

  struct Ssh {
    std::vector<std::string> keys = {"/etc/dvpn/id_ed25519"};
    std::string known_hosts = "/etc/dvpn/known_hosts";
    std::string ciphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com";
    std::string relay_socket = "/run/relay.sock";
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds keepalive{15'000};
    std::uint32_t keepalive_misses = 3;
    std::chrono::milliseconds idle_timeout{300'000};
    std::chrono::milliseconds backoff_min{500};
    std::chrono::milliseconds backoff_max{60'000};
    std::chrono::milliseconds settle_time{10'000};
    std::uint32_t channels_per_session = 16;
    std::uint32_t sessions_per_gateway = 128;
    std::uint32_t handshakes_per_gateway = 4;  ///< of all workers together: its sshd counts who has not authenticated
    bool operator==(const Ssh&) const = default;
  } ssh;

  struct Intercept {
    net::Port port = 9040;
    Gate gate = Gate::kHold;
    std::uint16_t queue = 9040;  ///< number of the netfilter queue that SYNs are held in
    std::uint16_t datagram_queue = 9041;  ///< and of the one that first datagrams come to
    std::uint16_t ping_queue = 9042;      ///< and of the one that echo requests come to
    bool operator==(const Intercept&) const = default;
  } intercept;

  struct Udp {
    bool carry = true;                                   ///< or the rules refuse it
    std::chrono::milliseconds idle_timeout{60'000};      ///< a flow without a datagram ends after this
    std::chrono::milliseconds dns_idle_timeout{10'000};  ///< and one to port 53 after this
    bool operator==(const Udp&) const = default;
  } udp;

  struct Ping {
    bool carry = true;                  ///< or the rules refuse them
    std::uint64_t payload = 64u << 10;  ///< bytes: longer ones are prohibited
    bool operator==(const Ping&) const = default;
  } ping;

  std::vector<Forward> forwards;

  struct Rules {
    std::vector<net::Port> sshd_ports = {22};
    Role role = Role::kRouter;
    bool masquerade = false;
    bool reject_smb = false;
    std::string set = "dvpn";
    bool update_sets = true;
    std::uint32_t mark = 0x0f000000;  ///< the four adjacent bits of a packet's mark that are ours
    std::string relay_account = "dvpn-relay";
    std::string peers_group = "dvpn-peers";
    bool operator==(const Rules&) const = default;
  } rules;

  struct Control {
    std::string socket = "/run/dvpn/control.sock";
    std::string group = "dvpn-admin";
    bool operator==(const Control&) const = default;
  } control;

  struct Metrics : Http {
    std::uint32_t gateways = 100;  ///< that have metrics of their own
    bool operator==(const Metrics&) const = default;
  } metrics;

  Http web;  ///< the status page

  struct Daemon {
    std::string user = "dvpnd";  ///< empty: stay who we are
    std::uint32_t workers = 0;   ///< 0: one for each processor, at most 16
    std::chrono::milliseconds drain{30'000};
    bool operator==(const Daemon&) const = default;
  } daemon;

  struct Limits {
    std::uint32_t flows = 20'000;
    std::uint32_t flows_per_client = 2'000;
    std::uint64_t flow_buffer = 16u << 20;  ///< bytes: receive window of one flow at most
    std::uint64_t buffers = 256u << 20;    ///< bytes: all windows beyond the ordinary one, together
    std::chrono::milliseconds open_timeout{20'000};
    std::uint32_t held = 10'000;           ///< SYNs at once
    std::uint32_t held_per_client = 1'000;
    std::uint32_t new_per_client = 4'000;  ///< SYNs a second that may come to the queue, by a rule; 0: any number
    std::uint32_t udp_flows = 5'000;       ///< beside `flows`
    std::uint32_t udp_flows_per_client = 1'000;
    std::uint32_t ping_flows = 2'000;      ///< beside those: one for each client and target
    std::uint32_t ping_flows_per_client = 500;
    bool operator==(const Limits&) const = default;
  } limits;

  struct Log {
    LogLevel level = LogLevel::kInfo;
    std::uint32_t recent = 1'000;  ///< lines that are kept for `dvpn log`
    bool operator==(const Log&) const = default;
  } log;

  bool operator==(const DaemonConfig&) const = default;
};

/// Reads `content` (YAML). Everything wrong with it goes to `diagnostics`; the result is meaningful only if that has
/// no errors afterwards. Never throws.
DaemonConfig parse_daemon_config(const std::string& content, Diagnostics& diagnostics);

}  // namespace dvpn::config
