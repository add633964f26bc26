// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/public_key.h"

#include <libssh/libssh.h>

#include <algorithm>
#include <array>

#include "ssh/base64.h"
#include "ssh/key.h"

namespace dvpn::ssh {

namespace {

constexpr std::size_t kLongest = 8192;  // characters; an RSA key of 16,384 bits has 2,800

struct Type {
  std::string_view name;
  std::string_view shown;
};
constexpr std::array<Type, 5> kTypes = {{{"ssh-ed25519", "ED25519"},
                                         {"ecdsa-sha2-nistp256", "ECDSA"},
                                         {"ecdsa-sha2-nistp384", "ECDSA"},
                                         {"ecdsa-sha2-nistp521", "ECDSA"},
                                         {"ssh-rsa", "RSA"}}};

/// The type that a blob begins with, if it is made of strings with their lengths (RFC 4251, 5), two at least, to its very end.
std::string_view type_within(std::string_view blob) {
  constexpr std::size_t kLength = 4;
  std::string_view type;
  std::size_t strings = 0;
  while (!blob.empty()) {
    if (blob.size() < kLength) return {};
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLength; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
    blob.remove_prefix(kLength);
    if (length > blob.size()) return {};
    if (strings++ == 0) type = blob.substr(0, length);
    blob.remove_prefix(length);
  }
  return strings < 2 ? std::string_view() : type;
}

const Type* find_type(std::string_view name) {
  const auto* const found = std::ranges::find(kTypes, name, &Type::name);
  return found == kTypes.end() ? nullptr : found;
}

}  // namespace

std::expected<PublicKey, std::string> parse_public_key(std::string_view words) {
  const std::size_t blank = words.find(' ');
  if (blank == std::string_view::npos) return std::unexpected("a public key is its type, one blank and its base64");
  const std::string_view type = words.substr(0, blank);
  const std::string_view base64 = words.substr(blank + 1);
  if (find_type(type) == nullptr) return std::unexpected("a public key begins with ssh-ed25519, ecdsa-sha2-nistp256 (384, 521) or ssh-rsa, and has no options");
  if (base64.size() > kLongest) return std::unexpected("the key is too long");
  const auto blob = from_base64(base64);
  if (!blob) return std::unexpected("what follows the type is no base64, or something follows it");
  if (type_within(*blob) != type) return std::unexpected("the key is cut off, or of another type than it says");
  return PublicKey{std::string(type), std::string(base64)};
}

std::expected<PublicKey, std::string> parse_public_key_file(std::string_view content) {
  std::string_view line = content.substr(0, content.find_first_of("\r\n"));
  if (const std::size_t blank = line.find(' '); blank != std::string_view::npos) line = line.substr(0, line.find(' ', blank + 1));
  return parse_public_key(line);
}

std::string_view short_type(const PublicKey& key) {
  const Type* const type = find_type(key.type);
  return type == nullptr ? std::string_view(key.type) : type->shown;
}

std::expected<std::string, std::string> fingerprint(const PublicKey& key) {
  ssh_key read = nullptr;
  if (ssh_pki_import_pubkey_base64(key.base64.c_str(), ssh_key_type_from_name(key.type.c_str()), &read) != SSH_OK)
    return std::unexpected("the key is damaged");
  const KeyHandle handle(read);
  std::string hash = fingerprint(handle.get());
  if (hash.empty()) return std::unexpected("the key is damaged");
  return hash;
}

}  // namespace dvpn::ssh
