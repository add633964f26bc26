// SPDX-License-Identifier: GPL-2.0-or-later
// An OpenSSH certificate of a user's key, as ssh-keygen -s writes it into NAME-cert.pub (PROTOCOL.certkeys of OpenSSH): what of it
// matters to its owner. Whether it is signed by somebody who may, the far sshd says. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dvpn::ssh {

struct Certificate {
  std::string type;      ///< "ssh-ed25519-cert-v01@openssh.com"
  std::string base64;    ///< all of it
  std::string key_blob;  ///< of the public key that it is for, RFC 4253, 6.6
  std::uint64_t serial = 0;
  std::string id;
  std::vector<std::string> principals{};              ///< the accounts that it is for; none: any
  std::chrono::sys_seconds from{};                    ///< zero: since ever
  std::optional<std::chrono::sys_seconds> to{};       ///< not valid from then on; none: for ever
};

/// The certificate in a file: its first line. An error is a sentence that does not repeat the words; one of a host, too.
std::expected<Certificate, std::string> parse_certificate(std::string_view content);

enum class Validity : std::uint8_t { kValid, kNotYet, kEndsSoon, kEnded };

/// Soon is within the last tenth of its time, and no more than two weeks.
Validity validity(const Certificate& certificate, std::chrono::sys_seconds now);

/// "valid", "not-yet", "ends-soon", "ended".
std::string_view name(Validity validity);

}  // namespace dvpn::ssh
