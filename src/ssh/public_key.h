// SPDX-License-Identifier: GPL-2.0-or-later
// A public key as files have it: "ssh-ed25519 AAAA…". Read strictly, because what passes here goes into files that sshd trusts.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace dvpn::ssh {

struct PublicKey {
  std::string type;    ///< "ssh-ed25519", "ecdsa-sha2-nistp256", …, "ssh-rsa"
  std::string base64;  ///< the key's blob, RFC 4253, 6.6
  bool operator==(const PublicKey&) const = default;
  std::string to_string() const { return type + ' ' + base64; }
};

/// "TYPE BASE64", with one blank between them and nothing before or behind, of a type that is used here; the blob has to say the same
/// type. An error is a sentence that does not repeat the words.
std::expected<PublicKey, std::string> parse_public_key(std::string_view words);

/// The key in a file as ssh-keygen(1) writes it: its first line, whose comment is left out.
std::expected<PublicKey, std::string> parse_public_key_file(std::string_view content);

/// "ED25519", as ssh-keygen -l calls the type.
std::string_view short_type(const PublicKey& key);

/// "SHA256:…" as ssh-keygen -l prints it; an error if the blob is no key.
std::expected<std::string, std::string> fingerprint(const PublicKey& key);

}  // namespace dvpn::ssh
