// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/known_hosts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace dvpn::ssh {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAlgorithms = {{
    {"ssh-ed25519", "ssh-ed25519"},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
    {"ssh-rsa", "rsa-sha2-512,rsa-sha2-256"},  // RFC 8332: never the SHA-1 signature of old
}};

bool usable_type(std::string_view type) {
  return std::ranges::any_of(kAlgorithms, [type](const auto& known) { return known.first == type; });
}

std::vector<std::string_view> split(std::string_view line, std::string_view separators) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(separators, at)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(separators, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

bool is_base64(std::string_view word) {
  return word.size() >= 16 && std::ranges::all_of(word, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=';
         });
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

KnownHosts KnownHosts::parse(std::string_view content, Diagnostics& diagnostics) {
  KnownHosts known;
  const auto text_of_pins = std::make_shared<std::string>(content);
  const auto at = [&, begin = content.data()](std::string_view word) { return text_of_pins->data() + (word.data() - begin); };
  std::size_t number = 0;
  while (!content.empty()) {
    ++number;
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    std::vector<std::string_view> words = split(line, " \t\r");
    if (words.empty() || words[0].front() == '#') continue;
    const auto warn = [&](std::string message) {
      diagnostics.add({.severity = Severity::kWarning, .line = number, .message = std::move(message), .source = std::string(line)});
    };
    const bool revoked = words[0] == "@revoked";
    if (words[0].front() == '@') {
      if (!revoked) {
        warn(text("'", words[0], "' is not understood here: the line pins nothing"));
        continue;
      }
      words.erase(words.begin());
    }
    if (words.size() < 3 || !is_base64(words[2])) {
      warn("not 'name key-type key': the line pins nothing");
      continue;
    }
    if (!usable_type(words[1])) {
      warn(text("host keys of type '", words[1], "' are not used: the line pins nothing"));
      continue;
    }
    for (const std::string_view name : split(words[0], ",")) {
      if (name.front() == '|' || name.find_first_of("*?!") != std::string_view::npos) {
        warn("hashed names and patterns are not read: write the gateway's plain name or address");
        continue;
      }
      std::ranges::transform(name, at(name), lower);
      known.pins_.push_back({{at(name), name.size()}, {at(words[1]), words[1].size()}, {at(words[2]), words[2].size()}, revoked});
    }
  }
  std::ranges::stable_sort(known.pins_, {}, &Pin::name);
  known.pins_.shrink_to_fit();
  known.text_ = text_of_pins;
  return known;
}

std::vector<PinnedKey> KnownHosts::find(const std::string& host, net::Port port) const {
  std::string name = port == 22 ? host : text('[', host, "]:", port);
  std::ranges::transform(name, name.begin(), lower);
  std::vector<PinnedKey> keys;
  for (const Pin& pin : std::ranges::equal_range(pins_, std::string_view(name), {}, &Pin::name))
    keys.push_back({std::string(pin.type), std::string(pin.base64), pin.revoked});
  return keys;
}

std::string host_key_algorithms(const std::vector<PinnedKey>& pins) {
  std::string list;
  for (const auto& [type, algorithms] : kAlgorithms) {
    const auto pinned = [type](const PinnedKey& pin) { return !pin.revoked && pin.type == type; };
    if (std::ranges::any_of(pins, pinned)) list += text(list.empty() ? "" : ",", algorithms);
  }
  return list;
}

}  // namespace dvpn::ssh
