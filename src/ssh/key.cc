// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/key.h"

#include <libssh/libssh.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

#include "base/text.h"
#include "ssh/base64.h"

namespace dvpn::ssh {

void FreeKey::operator()(ssh_key_struct* key) const { ssh_key_free(key); }

std::string fingerprint(ssh_key_struct* key) {
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) return {};
  char* written = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
  const std::string result = written != nullptr ? written : "";
  ssh_string_free_char(written);
  ssh_clean_pubkey_hash(&hash);
  return result;
}

namespace {

/// A certificate is a few hundred bytes; who made the file longer did not mean one.
constexpr std::streamsize kLongestCertificate = 65'536;

std::string public_blob(ssh_key_struct* key) {
  char* written = nullptr;
  if (ssh_pki_export_pubkey_base64(key, &written) != SSH_OK) return {};
  const auto blob = from_base64(written);
  ssh_string_free_char(written);
  return blob.value_or(std::string());
}

std::unexpected<Error> bad_certificate(const std::string& path, const std::string& why) {
  return fail(ErrorKind::kConfiguration, text(path, ": ", why, "; make it anew, or move it away"));
}

/// Nothing: there is no such file.
Result<std::optional<PrivateKey::Certified>> load_certificate(const std::string& path, ssh_key_struct* key) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string content(static_cast<std::size_t>(kLongestCertificate), '\0');
  file.read(content.data(), kLongestCertificate);
  content.resize(static_cast<std::size_t>(file.gcount()));
  auto certificate = parse_certificate(content);
  if (!certificate) return bad_certificate(path, certificate.error());
  const std::string blob = public_blob(key);
  if (blob.empty() || certificate->key_blob != blob) return bad_certificate(path, "it is a certificate of another key");
  ssh_key read = nullptr;
  const int rc = ssh_pki_import_cert_base64(certificate->base64.c_str(), ssh_key_type_from_name(certificate->type.c_str()), &read);
  const KeyHandle shown(read);
  KeyHandle both(rc == SSH_OK ? ssh_key_dup(key) : nullptr);
  if (!both || ssh_pki_copy_cert_to_privkey(shown.get(), both.get()) != SSH_OK) return bad_certificate(path, "libssh cannot read it");
  return PrivateKey::Certified{std::move(*certificate), std::move(both)};
}

}  // namespace

Result<PrivateKey> load_private_key(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return fail(ErrorKind::kConfiguration,
                text(path, ": ", errno_text(errno), "; make one with: ssh-keygen -t ed25519 -N '' -f ", path));
  // Group read is what lets the daemon's own account use a key that root owns.
  if ((status.st_mode & 037) != 0)
    return fail(ErrorKind::kConfiguration, text(path, ": others may use this private key; run: chmod 640 ", path));
  ssh_key key = nullptr;
  const auto no_passphrase = [](const char*, char*, std::size_t, int, int, void*) { return -1; };
  const int rc = ssh_pki_import_privkey_file(path.c_str(), nullptr, no_passphrase, nullptr, &key);
  KeyHandle handle(key);
  if (rc != SSH_OK)
    return fail(ErrorKind::kConfiguration,
                text(path, ": cannot be read as a private key without a passphrase (ed25519, ECDSA or RSA)"));
  auto certified = load_certificate(path + "-cert.pub", handle.get());
  if (!certified) return std::unexpected(certified.error());
  PrivateKey out{path, ssh_key_type_to_char(ssh_key_type(handle.get())), fingerprint(handle.get()), std::move(handle)};
  out.certified = std::move(*certified);
  return out;
}

}  // namespace dvpn::ssh
