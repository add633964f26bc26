// SPDX-License-Identifier: GPL-2.0-or-later
#include "table/gateway_spec.h"

#include <algorithm>

#include "base/text.h"
#include "base/units.h"

namespace dvpn::table {

namespace {

constexpr net::Port kSshPort = 22;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_user(std::string_view word) {
  constexpr std::size_t kLongest = 32;  // useradd(8)
  if (word.empty() || word.size() > kLongest || word.front() == '-' || word.front() == '.') return false;
  return std::ranges::all_of(word, [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

/// RFC 1123, 2.1.
bool is_label(std::string_view word) {
  constexpr std::size_t kLongest = 63;
  if (word.empty() || word.size() > kLongest || word.front() == '-' || word.back() == '-') return false;
  return std::ranges::all_of(word, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view word) {
  constexpr std::size_t kLongest = 253;
  if (word.size() > kLongest) return false;
  while (true) {
    const std::size_t dot = word.find('.');
    if (!is_label(word.substr(0, dot))) return false;
    if (dot == std::string_view::npos) break;
    word.remove_prefix(dot + 1);
  }
  return !std::ranges::all_of(word, is_digit);  // the last label of a name has a letter; of an address it has none
}

std::string_view why_no_gateway(const net::Address& address) {
  if (address.is_unspecified()) return "the unspecified address is no gateway";
  if (address.is_multicast()) return "a multicast address is no gateway";
  if (address.is_broadcast()) return "the broadcast address is no gateway";
  if (address.is_link_local()) return "a link-local address reaches no other site";
  return {};
}

class GatewayParser {
 public:
  GatewayParser(std::string_view word, LineReport& report) : word_(word), report_(report) {}

  std::optional<GatewaySpec> parse() {
    if (split() && read_user() && read_port() && read_host()) return std::move(spec_);
    return std::nullopt;
  }

 private:
  bool refuse(std::string_view where, std::string message) {
    report_.error(where, std::move(message));
    return false;
  }

  /// Cuts the word into user_, host_ and port_.
  bool split() {
    std::string_view rest = word_;
    if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
      has_user_ = true;
      user_ = rest.substr(0, at);
      rest.remove_prefix(at + 1);
    }
    if (rest.starts_with('[')) return split_bracketed(rest);
    const auto colons = std::ranges::count(rest, ':');
    if (colons == 1) {
      set_port(rest.substr(rest.find(':') + 1));
      rest = rest.substr(0, rest.find(':'));
    }
    if (colons > 1 && !net::Address::parse(rest))
      return refuse(rest, text("'", rest, "' is no IPv6 address; with a port it is written [ADDRESS]:PORT"));
    host_ = rest;
    if (!host_.empty()) return true;
    return refuse(word_, text("'", word_, "' names no host: a gateway is [USER@]HOST[:PORT]"));
  }

  bool split_bracketed(std::string_view rest) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return refuse(rest, text("'", rest, "' has no closing ']'"));
    host_ = rest.substr(1, end - 1);
    const auto address = net::Address::parse(host_);
    if (!address || host_.find(':') == std::string_view::npos)
      return refuse(rest.substr(0, end + 1), text("'", host_, "' is no IPv6 address, and brackets are for those"));
    rest.remove_prefix(end + 1);
    if (rest.empty()) return true;
    if (!rest.starts_with(':')) return refuse(rest, text("'", rest, "' behind the bracket is no :PORT"));
    set_port(rest.substr(1));
    return true;
  }

  void set_port(std::string_view digits) {
    has_port_ = true;
    port_ = digits;
  }

  bool read_user() {
    if (!has_user_) return true;
    if (user_.empty()) return refuse(word_, text("'", word_, "' has no user in front of the '@'"));
    if (!is_user(user_)) return refuse(user_, text("'", user_, "' is no account name"));
    spec_.user = user_;
    return true;
  }

  bool read_port() {
    if (!has_port_) return true;
    if (port_.empty()) return refuse(word_, text("'", word_, "' has no port behind the ':'"));
    if (!std::ranges::all_of(port_, is_digit)) return refuse(port_, text("'", port_, "' is no port number"));
    const auto number = parse_unsigned(port_, 65535);
    if (!number || *number == 0) return refuse(port_, text("port ", port_, " is out of range (1..65535)"));
    spec_.port = static_cast<net::Port>(*number);
    return true;
  }

  bool read_host() {
    if (const auto address = net::Address::parse(host_)) {
      if (const std::string_view why = why_no_gateway(*address); !why.empty()) return refuse(host_, std::string(why));
      spec_.host = address->to_string();
      return true;
    }
    if (!is_host_name(host_)) return refuse(host_, text("'", host_, "' is neither an address nor a host name"));
    if (host_.find('.') == std::string_view::npos && !has_user_ && !has_port_)
      return refuse(host_, text("'", host_, "' could be anything; if it is a gateway, write ", host_, ":22"));
    spec_.host = host_;
    std::ranges::transform(spec_.host, spec_.host.begin(), lower);
    return true;
  }

  std::string_view word_;
  LineReport& report_;
  GatewaySpec spec_;
  std::string_view user_;
  std::string_view host_;
  std::string_view port_;
  bool has_user_ = false;
  bool has_port_ = false;
};

}  // namespace

std::optional<GatewaySpec> parse_gateway(std::string_view word, LineReport& report) {
  return GatewayParser(word, report).parse();
}

std::string GatewaySpec::to_string() const {
  const bool default_user = user == GatewaySpec().user;
  const bool lone_word = default_user && host.find_first_of(".:") == std::string::npos;
  const bool with_port = port != kSshPort || lone_word;
  const bool brackets = with_port && host.find(':') != std::string::npos;
  std::string out;
  if (!default_user) out += user + '@';
  out += brackets ? '[' + host + ']' : host;
  if (with_port) out += text(':', port);
  return out;
}

}  // namespace dvpn::table
