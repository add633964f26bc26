// SPDX-License-Identifier: GPL-2.0-or-later
//
// Real servers on hosts of the lab: nginx, sshd, vsftpd and smbd, as a Debian machine has them. Each has a file system of
// its own in memory, at /mnt of its own mount namespace, which holds all that it serves and takes, and is gone with it.
#pragma once

#include <cstdint>
#include <string>

#include "fixture.h"

namespace dvpn::lab {

class Server {
 public:
  /// Runs `setup` and then `command`, both in /mnt on the host; ready when it listens on the port. Throws when it does not.
  Server(const Host& host, int port, const std::string& setup, const std::string& command);
  /// Ends it; nothing listens on the port any more.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// A command in the server's namespaces, in /mnt.
  Result run(const std::string& command) const;
  /// The file's SHA-256, in hexadecimal.
  std::string hash(const std::string& file) const;

 private:
  Host host_;
  int port_;
  Process process_;
};

/// nginx on port 80, both families: GET and PUT of everything in /mnt/files.
Server web_server(const Host& host);
/// sshd on port 22 that lets root in by the public key in the file.
Server ssh_server(const Host& host, const std::string& public_key);
/// vsftpd on port 21, passive only or active as well: anonymous, may read everything and write into `incoming`. An active
/// data connection goes to nobody but the control connection's client, as vsftpd sees it, and a passive one is taken from
/// nobody else. The file `log` says who came and what was transferred.
enum class Ftp { kPassive, kBoth };
Server ftp_server(const Host& host, Ftp modes = Ftp::kPassive);
/// smbd on port 445 with the share `files` for guests.
Server samba_server(const Host& host);

/// A command that writes `bytes` bytes which look random and are the same each time, for each seed, and cost little.
std::string noise(std::uint64_t bytes, int seed = 1);

/// A client's command, run in a file system in memory that is gone when it ends.
Result run_in_memory(const Host& host, const std::string& command, Duration deadline = 60s);

}  // namespace dvpn::lab
