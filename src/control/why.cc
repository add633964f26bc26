// SPDX-License-Identifier: GPL-2.0-or-later
#include "control/why.h"

#include <algorithm>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::control {

using flow::EndReason;
using intercept::SetState;

std::string gateway_remedy(EndReason reason, const std::string& gateway) {
  switch (reason) {
    case EndReason::kHostKeyUnknown:
      return text("put its host key, got over a way that you trust, into ssh.known_hosts under the name in the table, then dvpn reload");
    case EndReason::kHostKeyChanged:
      return text("ask its administrator whether the key was changed; if so replace it in ssh.known_hosts, then dvpn reload");
    case EndReason::kAuthentication:
      return text("have our public key put into authorized_keys.d of ", gateway, "'s site for the table's account; of many ssh.keys, name the one that it "
                  "knows first");
    case EndReason::kGatewayLimit:
      return "its sshd lets no more in at once: have MaxStartups raised there (100:30:200, say), and this site's address put into PerSourcePenaltyExemptList "
             "(OpenSSH 9.8 and later); new attempts wait longer each time";
    case EndReason::kFarLimit:
      return "have that limit raised there, and dvpn-relay reloaded; where none is named, its machine is short of descriptors, memory or ports";
    case EndReason::kProhibited:
      return "its sshd forbids the relay's socket: dvpn-chroot check shows there what overrules the drop-in (AllowTcpForwarding, PermitOpen), then reload sshd";
    case EndReason::kNoRelay:
      return "start dvpn-relay there, or compare ssh.relay_socket with its configuration; if it runs, its sshd forbids the socket: dvpn-chroot check shows there "
             "what overrules the drop-in (AllowStreamLocalForwarding, DisableForwarding), then reload sshd";
    case EndReason::kGatewayUnreachable:
    case EndReason::kGatewayTimeout: return "see whether its machine, sshd and line are up, and the address and port in the table are right";
    case EndReason::kGatewayProtocol: return "see whether what answers at that port is its sshd, and its sshd's log";
    case EndReason::kSessionLost: return "try again; if it stays, see the log of its sshd and the line";
    default: return "see the log of dvpnd here and of sshd there";
  }
}

namespace {

std::string_view plural_name(wire::Kind protocol) {
  if (protocol == wire::Kind::kUdp) return "UDP";
  return protocol == wire::Kind::kEcho ? "pings" : "TCP connections";
}

std::string_view which_is(wire::Kind protocol) { return protocol == wire::Kind::kUdp ? "UDP is" : "pings are"; }

std::string target_text(const net::Endpoint& endpoint) {
  return endpoint.port == 0 ? endpoint.address.to_string() : endpoint.to_string();
}

class Way {
 public:
  explicit Way(const WhyFacts& facts) : facts_(facts), address_(facts.destination.address) {}

  Why follow() {
    if (own_networks() && rules() && table() && protocol() && limits()) far();
    if (why_.sentence.empty()) {
      why_.carried = true;
      why_.sentence = carried();
    }
    return std::move(why_);
  }

  const table::Match* match() const { return match_ ? &*match_ : nullptr; }

 private:
  const config::DaemonConfig& config() const { return facts_.snapshot->config; }

  void ok(std::string name, std::string words) { why_.steps.push_back({std::move(name), Step::State::kOk, std::move(words)}); }
  void note(std::string name, std::string words) { why_.steps.push_back({std::move(name), Step::State::kNote, std::move(words)}); }
  bool stop(std::string name, std::string words, const std::string& what_to_do) {
    why_.sentence = text(words, ": ", what_to_do);
    why_.steps.push_back({std::move(name), Step::State::kStop, std::move(words)});
    return false;
  }

  bool own_networks() {
    const auto& networks = config().site.networks;
    const auto own = std::ranges::find_if(networks, [this](const net::Prefix& network) { return network.contains(address_); });
    if (own != networks.end())
      return stop("own-networks", text(address_.to_string(), " is in this site's own network ", own->to_string(), ", which dvpn never carries"),
                  "it is reached on the LAN; if it is meant to be another site's, correct site.networks");
    ok("own-networks", "not in this site's own networks");
    return true;
  }

  bool rules() {
    switch (facts_.sets) {
      case SetState::kAbsent:
        return stop("rules", "the firewall's rules are not in place, so nothing is caught", "dvpn-rules install, or systemctl start dvpn-rules");
      case SetState::kSynced: ok("rules", text("the sets ", config().rules.set, "4 and ", config().rules.set, "6 are what the table says")); break;
      case SetState::kFailed: note("rules", text("the sets may be older than the table: ", facts_.sets_error.value_or("-"))); break;
      case SetState::kOff: note("rules", "rules.update_sets is off: whether the sets have this prefix, dvpn-rules check says"); break;
    }
    if (facts_.gate_error) note("gate", text("connections are accepted before the far side has answered: ", *facts_.gate_error));
    return true;
  }

  bool table() {
    match_ = facts_.snapshot->table.lookup(address_);
    const std::string& path = config().table;
    if (!match_)
      return stop("table", text("no line of ", path, " covers ", address_.to_string()),
                  "add one with the gateway of its site, then dvpn reload; dvpn map check shows mistakes");
    const table::Route& route = *match_->route;
    ok("table", text(path, ':', route.line, ": ", match_->prefix.to_string(), ", via=", route.via == table::Via::kDirect ? "direct" : "relay"));
    if (route.map) ok("map", text(address_.to_string(), " is asked for as ", route.translate(address_).to_string()));
    return true;
  }

  bool protocol() {
    const bool direct = match_->route->via == table::Via::kDirect;
    const wire::Kind kind = facts_.call.protocol;
    if (direct && kind != wire::Kind::kTcp)
      return stop("via", text("its line says via=direct, and ", which_is(kind), " prohibited without a relay"),
                  "install dvpn-relay at that site and take via=direct out of the line");
    if (direct && facts_.call.from)
      note("via", "via=direct has no client sources: the target sees the gateway's address as its client");
    if (!facts_.caught_here && !is_wanted(kind))
      return stop("protocol", text(kind == wire::Kind::kUdp ? "udp" : "ping", ".carry is false: ", which_is(kind), " prohibited here"),
                  "set it to true and restart dvpnd");
    if (!facts_.caught_here)
      return stop("protocol", text("this dvpnd does not catch ", plural_name(kind)), "dvpn status says why");
    return true;
  }

  bool is_wanted(wire::Kind kind) const { return kind == wire::Kind::kUdp ? config().udp.carry : kind != wire::Kind::kEcho || config().ping.carry; }

  bool limits() {
    const auto& limits = config().limits;
    const wire::Kind kind = facts_.call.protocol;
    const auto [limit, most] = kind == wire::Kind::kUdp    ? std::pair("limits.udp_flows", limits.udp_flows)
                               : kind == wire::Kind::kEcho ? std::pair("limits.ping_flows", limits.ping_flows)
                                                           : std::pair("limits.flows", limits.flows);
    if (facts_.flows < most) return true;
    return stop("limits", text("as many flows are open as ", limit, " allows (", most, ")"),
                text("dvpn flows shows who has them; raise ", limit, " if that is ordinary"));
  }

  const gateway::Stats* stats_of(const std::string& name) const {
    const auto found = std::ranges::find(facts_.gateways, name, &gateway::Stats::name);
    return found == facts_.gateways.end() ? nullptr : &*found;
  }

  void far() {
    if (!facts_.far) return without_asking();
    const flow::FarAnswer& answer = *facts_.far;
    for (const auto& one : answer.unusable) note("gateway", text(one.gateway, ": ", flow::name(one.reason), one.why.empty() ? "" : ": ", one.why));
    if (answer.gateway.empty()) {
      const auto& last = answer.unusable.back();
      const bool several = answer.unusable.size() > 1;
      why_.steps.pop_back();
      stop("gateway", text(several ? "none of its gateways can be used; the last one, " : "the gateway ", last.gateway, several ? ", " : " cannot be used, ",
                           flow::name(last.reason), last.why.empty() ? "" : ": ", last.why),
           gateway_remedy(last.reason, last.gateway));
      return;
    }
    const gateway::Stats* const stats = stats_of(answer.gateway);
    ok("gateway", text(answer.gateway, ": a session is up", stats != nullptr && stats->sessions > 1 ? text(" (", stats->sessions, " in all)") : ""));
    if (match_->route->via == table::Via::kDirect) return target(answer);
    relay(answer);
  }

  /// via=direct has nobody to ask but the target.
  void without_asking() {
    for (const table::GatewaySpec& spec : match_->route->gateways) {
      const gateway::Stats* const stats = stats_of(spec.to_string());
      using State = gateway::Stats::State;
      const bool down = stats != nullptr && (stats->state == State::kFailed || stats->state == State::kBackoff || stats->state == State::kSilent);
      if (down && spec == match_->route->gateways.back()) {
        stop("gateway", text("the gateway ", spec.to_string(), " cannot be used: ", stats->last_error), "dvpn gateways shows when it is tried again; see the log of dvpnd");
        return;
      }
      if (down) {
        note("gateway", text(spec.to_string(), ": ", stats->last_error));
        continue;
      }
      const bool up = stats != nullptr && stats->state == State::kUp;
      note("gateway", up ? text(spec.to_string(), ": a session is up") : text(spec.to_string(), ": has no session now; a connection would open one"));
      break;
    }
    note("target", "not tried: with via=direct only a connection shows whether sshd and the target allow it (--connect makes one)");
  }

  void relay(const flow::FarAnswer& answer) {
    const std::string whom = target_text(target_endpoint());
    if (answer.no == EndReason::kProhibited && !answer.answer) {
      stop("relay", text("sshd of ", answer.gateway, " does not let us at the relay's socket"),
           "there: dvpn-chroot check, and reload sshd; the relay's socket here is ssh.relay_socket");
      return;
    }
    if (!answer.answer) {
      stop("relay", text("the relay of ", answer.gateway, " cannot be asked: ", answer.why), "see its log, and whether both sites have the same version");
      return;
    }
    const wire::Status status = answer.answer->status;
    if (status == wire::Status::kUnsupported) {
      stop("relay", text("the relay of ", answer.gateway, " cannot do ", plural_name(facts_.call.protocol)), "bring its dvpn up to date; for pings see net.ipv4.ping_group_range there");
      return;
    }
    if (status == wire::Status::kProhibited) {
      const bool client_only = facts_.for_anyone && !facts_.for_anyone->no;
      if (client_only)
        stop("access-list", text("the relay of ", answer.gateway, " does not let this site's account claim the client ", facts_.call.from->to_string()),
             "there: add its prefix to sources in relay.yaml, or leave source: client out");
      else
        stop("access-list", text("the access list of the relay at ", answer.gateway, " does not allow ", plural_name(facts_.call.protocol), " to ", whom),
             "there: add it to networks or access in relay.yaml and reload dvpn-relay");
      return;
    }
    if (status == wire::Status::kLimit) {
      const std::string_view key = wire::key_of(answer.answer->limit);
      if (key.empty())
        stop("relay", text("the relay of ", answer.gateway, " has reached a limit of its own, or of its machine's"), gateway_remedy(EndReason::kFarLimit, answer.gateway));
      else
        stop("relay", text("the relay of ", answer.gateway, " has as many as its ", key, " allows"), text("there: raise ", key, " in relay.yaml, then reload dvpn-relay"));
      return;
    }
    if (facts_.call.connect) return target(answer);
    if (answer.no) {
      stop("relay", text("the relay of ", answer.gateway, " says: ", wire::to_text(status)), "see its log");
      return;
    }
    if (asks_list())
      ok("access-list", text("the relay allows ", plural_name(facts_.call.protocol), " to ", whom));
    else
      note("access-list", "not asked, since lists go by port: give one (DEST:PORT)");
    note("target", facts_.call.protocol == wire::Kind::kTcp && asks_list() ? "not tried (--connect does)" : "not tried");
  }

  void target(const flow::FarAnswer& answer) {
    const std::string whom = target_text(target_endpoint());
    if (!answer.no) {
      ok("target", text(whom, " took a connection, which was closed again"));
      return;
    }
    stop("target", text("the far side could not connect to ", whom, ": ", flow::name(*answer.no), answer.why.empty() ? "" : ": ", answer.why),
         *answer.no == EndReason::kRefused ? "nothing listens on that port there; start the server, or see what its firewall rejects"
                                           : "see at that site whether the host is up and its firewall lets the gateway in");
  }

  bool asks_list() const { return facts_.destination.port != 0 || facts_.call.protocol == wire::Kind::kEcho; }
  net::Endpoint target_endpoint() const { return {match_->route->translate(address_), facts_.destination.port}; }

  std::string carried() const {
    const std::string gateway = facts_.far ? facts_.far->gateway : match_->route->gateways.front().to_string();
    const bool tried = facts_.far && facts_.call.connect;
    const std::string what = facts_.call.protocol == wire::Kind::kTcp ? "a connection to " : text(plural_name(facts_.call.protocol), " to ");
    return text(what, target_text(facts_.destination), " would be carried through ", gateway, tried ? ", and its target answers" : "");
  }

  const WhyFacts& facts_;
  const net::Address address_;
  std::optional<table::Match> match_;
  Why why_;
};

}  // namespace

Why explain(const WhyFacts& facts) { return Way(facts).follow(); }

std::optional<wire::Request> far_request(const WhyFacts& facts) {
  WhyFacts before = facts;
  before.far.reset();
  const bool may_ask = std::ranges::none_of(explain(before).steps, [](const Step& step) {
    return step.state == Step::State::kStop && step.name != "gateway";
  });
  const auto match = facts.snapshot->table.lookup(facts.destination.address);
  if (!may_ask || !match) return std::nullopt;
  const bool direct = match->route->via == table::Via::kDirect;
  const bool has_port = facts.destination.port != 0 || facts.call.protocol == wire::Kind::kEcho;
  const bool connects = facts.call.connect && has_port;
  if (direct && !connects) return std::nullopt;
  wire::Request request;
  if (!has_port) return request;  // hello
  request.kind = connects ? wire::Kind::kTcp : wire::Kind::kWouldAllow;
  request.target = net::Endpoint{match->route->translate(facts.destination.address), facts.destination.port};
  if (facts.call.from) request.client = net::Endpoint{*facts.call.from, 0};
  if (!connects && facts.call.protocol != wire::Kind::kTcp) request.about = facts.call.protocol;
  return request;
}

}  // namespace dvpn::control
