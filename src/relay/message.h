// SPDX-License-Identifier: GPL-2.0-or-later
// What the parent and the child say to each other over their socket pair: messages of a kind and a body. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "relay/settings.h"

namespace dvpn::relay {

enum class MessageKind : std::uint8_t {
  kSettings = 1,   ///< to the child: serve with these from now on
  kDrain = 2,      ///< to the child: accept nothing more, end when the flows have, or at the second time at once
  kReport = 3,     ///< to the child: log the counters
  kServing = 4,    ///< to the parent: the settings are in force
  kHeartbeat = 5,  ///< to the parent: the loop turns
};

struct Message {
  MessageKind kind = MessageKind::kReport;
  std::string body;
};

std::string encode_message(MessageKind kind, std::string_view body = {});

/// Takes messages out of a byte stream.
class MessageReader {
 public:
  static constexpr std::size_t kLargest = 64u << 20;  // a bound on a mistake; both ends are ours

  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next message, nothing if it is not complete yet; false if the stream makes no sense.
  std::expected<std::optional<Message>, bool> next();

 private:
  std::string buffer_;
};

std::string encode_settings(const Settings& settings);
/// Nothing if it is not exactly one encoded Settings.
std::optional<Settings> decode_settings(std::string_view bytes);

}  // namespace dvpn::relay
