// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/values.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "base/spelling.h"
#include "net/site_prefix.h"

namespace dvpn::config {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";

bool made_of(std::string_view word, std::string_view more) {
  return std::ranges::all_of(word, [&](char c) {
    return kLetters.find(c) != std::string_view::npos || kDigits.find(c) != std::string_view::npos ||
           more.find(c) != std::string_view::npos;
  });
}

std::unexpected<std::string> no(std::string why) { return std::unexpected(std::move(why)); }

/// As a configuration writes it: whole, in the largest unit that fits.
std::string written(milliseconds duration) {
  const auto ms = duration.count();
  if (ms != 0 && ms % 3'600'000 == 0) return text(ms / 3'600'000, 'h');
  if (ms != 0 && ms % 60'000 == 0) return text(ms / 60'000, 'm');
  if (ms % 1000 == 0) return text(ms / 1000, 's');
  return text(ms, "ms");
}

std::string written(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return text(bytes, kUnits[unit]);
}

}  // namespace

Value<std::string> absolute_path(std::string_view word) {
  constexpr std::size_t kLongest = 4095;
  if (!word.starts_with('/')) return no(text("'", word, "' has to be an absolute path"));
  if (word.ends_with('/')) return no(text("'", word, "' names a directory"));
  if (word.size() > kLongest) return no(text("the path is longer than ", kLongest, " bytes"));
  if (std::ranges::any_of(word, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return no("the path has a control character in it");
  return std::string(word);
}

Value<std::string> socket_path(std::string_view word) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (word.size() > kLongest) return no(text("the path of a socket can be ", kLongest, " bytes long at most"));
  return absolute_path(word);
}

Value<std::string> interface_name(std::string_view word) {
  constexpr std::size_t kLongest = 15;
  if (word.empty()) return no("an interface has a name");
  if (word.size() > kLongest)
    return no(text("'", word, "' is too long for an interface name (", kLongest, " bytes at most)"));
  if (word.ends_with('+')) return no(text("'", word, "' is a wildcard; name each interface"));
  if (!made_of(word, "_.-") || word.starts_with('-') || word.starts_with('.'))
    return no(text("'", word, "' is no interface name"));
  if (word == "lo") return no("lo is the loopback interface");
  return std::string(word);
}

Value<std::string> site_name(std::string_view word) {
  constexpr std::size_t kLongest = 63;
  constexpr std::string_view kEnds = "._-";
  const bool ends_well = !word.empty() && kEnds.find(word.front()) == std::string_view::npos && kEnds.find(word.back()) == std::string_view::npos;
  if (!ends_well || word.size() > kLongest || !made_of(word, "._-") || net::Address::parse(word))
    return no(text("'", word, "' is no name for a site: one word of at most ", kLongest, " of A-Z a-z 0-9 . _ -"));
  return std::string(word);
}

Value<std::string> gateway_word(std::string_view word) {
  constexpr std::size_t kLongest = 300;
  if (word.empty() || word.size() > kLongest || !made_of(word, "._-:[]@")) return no(text("'", word, "' is no gateway: HOST[:PORT]"));
  return std::string(word);
}

Value<std::string> account_name(std::string_view word) {
  constexpr std::size_t kLongest = 32;
  const bool starts_well = !word.empty() && word.front() != '-' && word.front() != '.' &&
                           kDigits.find(word.front()) == std::string_view::npos;
  if (!starts_well || word.size() > kLongest || !made_of(word, "_.-"))
    return no(text("'", word, "' is no account or group name"));
  return std::string(word);
}

Value<std::string> account_name_or_empty(std::string_view word) {
  if (word.empty()) return std::string();
  return account_name(word);
}

Value<std::string> set_name(std::string_view word) {
  constexpr std::size_t kLongest = 24;
  if (word.empty() || word.size() > kLongest || !made_of(word, "_-") || word.starts_with('-'))
    return no(text("'", word, "' is no set name (1 to ", kLongest, " of A-Z a-z 0-9 _ -)"));
  return std::string(word);
}

Value<std::string> cipher_list(std::string_view word) {
  const bool gap = word.empty() || word.starts_with(',') || word.ends_with(',') ||
                   word.find(",,") != std::string_view::npos;
  if (gap || !made_of(word, "@.,_-")) return no(text("'", word, "' is no list of ciphers: NAME,NAME"));
  return std::string(word);
}

Value<net::Prefix> network(std::string_view word) { return net::parse_site_prefix(word); }

Value<net::Prefix> reachable_network(std::string_view word) { return net::parse_listed_prefix(word); }

Value<net::Endpoint> endpoint(std::string_view word) {
  const auto value = net::Endpoint::parse(word);
  if (!value) return no(text("'", word, "' is no ADDRESS:PORT like 10.0.32.5:25 or [fd00:32::5]:25"));
  return *value;
}

Value<HttpListen> http_listen(std::string_view word) {
  if (word.empty()) return HttpListen{};
  if (word.front() == '/') {
    const auto path = socket_path(word);
    if (!path) return no(path.error());
    return HttpListen{.endpoint = std::nullopt, .path = *path};
  }
  const auto value = net::Endpoint::parse(word);
  if (!value) return no(text("'", word, "' is neither ADDRESS:PORT like 127.0.0.1:9470 nor the path of a unix socket"));
  return HttpListen{.endpoint = *value, .path = {}};
}

Value<std::string> host_name(std::string_view word) {
  constexpr std::size_t kLongest = 253;
  if (word.empty() || word.size() > kLongest || !made_of(word, ".-")) return no(text("'", word, "' is no host name"));
  std::string name(word);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

Value<net::Port> port(std::string_view word) {
  const auto value = parse_unsigned(word);
  if (!value) return no(text("'", word, "' is no port number"));
  if (*value == 0 || *value > 65535) return no(text("port ", word, " is out of range (1..65535)"));
  return static_cast<net::Port>(*value);
}

Value<std::uint16_t> queue_number(std::string_view word) {
  const auto value = number_between(word, 0, 65535);
  if (!value) return no(value.error());
  return static_cast<std::uint16_t>(*value);
}

Value<std::uint32_t> mark_bits(std::string_view word) {
  constexpr unsigned kBits = 4;
  std::uint32_t value = 0;
  const std::string_view digits = word.starts_with("0x") ? word.substr(2) : "";
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  const bool number = !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  if (!number || value == 0 || (value >> std::countr_zero(value)) != (1u << kBits) - 1)
    return no(text("'", word, "' is not four adjacent bits of a mark, like 0x0f000000"));
  return value;
}

Value<bool> boolean(std::string_view word) {
  if (word == "true") return true;
  if (word == "false") return false;
  return no(text("'", word, "' is neither true nor false"));
}

Value<LogLevel> log_level(std::string_view word) {
  constexpr std::array<std::string_view, 4> kNames = {"error", "warning", "info", "debug"};
  constexpr std::array kLevels = {LogLevel::kError, LogLevel::kWarning, LogLevel::kInfo, LogLevel::kDebug};
  const auto found = std::ranges::find(kNames, word);
  if (found != kNames.end()) return kLevels[static_cast<std::size_t>(found - kNames.begin())];
  const std::string_view nearest = nearest_word(word, kNames);
  return no(text("'", word, "' is no log level (error, warning, info, debug)",
                 nearest.empty() ? "" : "; did you mean '", nearest, nearest.empty() ? "" : "'?"));
}

Value<std::uint32_t> number_between(std::string_view word, std::uint32_t least, std::uint32_t most) {
  const auto value = parse_unsigned(word);
  if (!value) return no(text("'", word, "' is no whole number"));
  if (*value < least || *value > most) return no(text(word, " is out of range (", least, "..", most, ")"));
  return static_cast<std::uint32_t>(*value);
}

Value<milliseconds> duration_between(std::string_view word, milliseconds least, milliseconds most) {
  const auto value = parse_duration(word);
  if (!value) return no(text("'", word, "' is no duration: a whole number and ms, s, m or h"));
  if (*value < least || *value > most)
    return no(text(word, " is out of range (", written(least), "..", written(most), ")"));
  return *value;
}

Value<std::uint64_t> size_between(std::string_view word, std::uint64_t least, std::uint64_t most) {
  const auto value = parse_size(word);
  if (!value) return no(text("'", word, "' is no size: a whole number of bytes, or with KiB, MiB or GiB"));
  if (*value < least || *value > most)
    return no(text(word, " is out of range (", written(least), "..", written(most), ")"));
  return *value;
}

}  // namespace dvpn::config
