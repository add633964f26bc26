// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/key.h"

#include <libssh/libssh.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/text.h"

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
  return PrivateKey{path, ssh_key_type_to_char(ssh_key_type(handle.get())), fingerprint(handle.get()), std::move(handle)};
}

}  // namespace dvpn::ssh
