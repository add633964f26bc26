// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/certificate.h"

#include <algorithm>
#include <array>

#include "ssh/base64.h"

namespace dvpn::ssh {

namespace {

constexpr std::size_t kLongest = 32'768;  // characters
constexpr std::uint32_t kOfUser = 1;

/// Types, the key's own, and how many strings the key is made of.
struct Type {
  std::string_view name;
  std::string_view plain;
  int strings;
};
constexpr std::array<Type, 5> kTypes = {{{"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
                                         {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
                                         {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
                                         {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
                                         {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2}}};

/// Takes values off the front of a blob (RFC 4251, 5). After the end all are empty, and `cut_off` says so.
class Blob {
 public:
  explicit Blob(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    for (const char byte : take(bytes)) out = out << 8 | static_cast<unsigned char>(byte);
    return out;
  }
  std::string_view string() { return take(static_cast<std::size_t>(number(4))); }
  bool empty() const { return rest_.empty(); }
  bool cut_off() const { return cut_off_; }

 private:
  std::string_view take(std::size_t bytes) {
    cut_off_ = cut_off_ || bytes > rest_.size();
    if (cut_off_) return {};
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool cut_off_ = false;
};

std::string with_length(std::string_view bytes) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift & 0xff);
  return out += bytes;
}

/// Times from 1970 on; those beyond what a clock here can show are for ever.
std::optional<std::chrono::sys_seconds> time_of(std::uint64_t seconds) {
  constexpr std::uint64_t kLast = 253'402'300'799;  // the end of the year 9999
  if (seconds > kLast) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

std::expected<Certificate, std::string> parse_certificate(std::string_view content) {
  const std::string_view line = content.substr(0, content.find_first_of("\r\n"));
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(std::min(blank + 1, line.size()));
  const std::string_view base64 = word.substr(0, word.find(' '));
  const auto* const type = std::ranges::find(kTypes, line.substr(0, blank), &Type::name);
  if (type == kTypes.end()) return std::unexpected("it is no certificate of an ed25519, ECDSA or RSA key");
  const auto bytes = base64.size() > kLongest ? std::nullopt : from_base64(base64);
  if (!bytes) return std::unexpected("what follows the type is no base64, or too long");

  Blob blob(*bytes);
  const bool same_type = blob.string() == type->name;
  blob.string();  // the nonce
  Certificate out{.type = std::string(type->name), .base64 = std::string(base64), .key_blob = with_length(type->plain), .id = {}};
  for (int i = 0; i < type->strings; ++i) out.key_blob += with_length(blob.string());
  out.serial = blob.number(8);
  const std::uint64_t kind = blob.number(4);
  out.id = blob.string();
  Blob principals(blob.string());
  while (!principals.empty() && !principals.cut_off()) out.principals.emplace_back(principals.string());
  const auto from = time_of(blob.number(8));
  out.to = time_of(blob.number(8));
  for (int i = 0; i < 5; ++i) blob.string();  // critical options, extensions, reserved, the signer's key, the signature
  if (!same_type || blob.cut_off() || principals.cut_off() || !blob.empty()) return std::unexpected("it is cut off, or of another type than it says");
  if (kind != kOfUser) return std::unexpected("it is a certificate of a host, not of a user");
  if (!from) return std::unexpected("it is never valid");
  out.from = *from;
  return out;
}

Validity validity(const Certificate& certificate, std::chrono::sys_seconds now) {
  if (now < certificate.from) return Validity::kNotYet;
  if (!certificate.to) return Validity::kValid;
  if (now >= *certificate.to) return Validity::kEnded;
  constexpr std::chrono::seconds kTwoWeeks = std::chrono::days(14);
  const std::chrono::seconds left = *certificate.to - now;
  const std::chrono::seconds whole = *certificate.to - certificate.from;
  return left < std::min(kTwoWeeks, whole / 10) ? Validity::kEndsSoon : Validity::kValid;
}

std::string_view name(Validity validity) {
  constexpr std::array<std::string_view, 4> kNames = {"valid", "not-yet", "ends-soon", "ended"};
  return kNames[static_cast<std::size_t>(validity)];
}

}  // namespace dvpn::ssh
