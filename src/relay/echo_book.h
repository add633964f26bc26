// SPDX-License-Identifier: GPL-2.0-or-later
// Which of a flow's echo requests are out, and whose they are: the asker's token by the sequence number that went out.
// The newest 64, for 10 seconds (PROTOCOL.md); a new one takes the oldest's place. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace dvpn::relay {

class EchoBook {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMost = 64;
  static constexpr std::chrono::seconds kPatience{10};

  /// One goes out: its sequence number.
  std::uint16_t enter(std::uint32_t token, Clock::time_point now) {
    const std::uint16_t sequence = next_++;
    entries_[sequence % kMost] = {token, sequence, true, now};
    return sequence;
  }

  /// It was answered: its token, once; nothing if that is too late or none of ours.
  std::optional<std::uint32_t> take(std::uint16_t sequence, Clock::time_point now) {
    Entry& entry = entries_[sequence % kMost];
    if (!entry.out || entry.sequence != sequence) return std::nullopt;
    entry.out = false;
    if (now - entry.since > kPatience) return std::nullopt;
    return entry.token;
  }

 private:
  struct Entry {
    std::uint32_t token = 0;
    std::uint16_t sequence = 0;
    bool out = false;
    Clock::time_point since{};
  };
  std::array<Entry, kMost> entries_{};
  std::uint16_t next_ = 1;
};

}  // namespace dvpn::relay
