// SPDX-License-Identifier: GPL-2.0-or-later
#include "servers.h"

#include <csignal>
#include <stdexcept>

namespace dvpn::lab {
namespace {

// (ip netns exec gives each command a mount namespace of its own, so this mount is seen by nobody else)
const std::string kMemory = "mount -t tmpfs none /mnt && cd /mnt && ";

/// A here-document: the file `name` with `text` in it.
std::string file(const std::string& name, const std::string& text) {
  return "cat >" + name + " <<'END_OF_FILE'\n" + text + "END_OF_FILE\n";
}

}  // namespace

Server::Server(const Host& host, int port, const std::string& setup, const std::string& command)
    : host_(host), port_(port), process_(host.start(kMemory + "set -e\n" + setup + "\nexec " + command)) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!host.listens(port))
    if (!process_.running() || std::chrono::steady_clock::now() > end)
      throw std::runtime_error(host.name() + ": nothing listens on port " + std::to_string(port) + ": " + process_.err() + process_.out());
}

Server::~Server() {
  process_.kill(SIGKILL);
  wait_until([this] { return !host_.listens(port_); }, 10s, "the end of the server on port " + std::to_string(port_) + " of " + host_.name());
}

Result Server::run(const std::string& command) const {
  return run_here("nsenter -t " + std::to_string(process_.pid()) + " -m -n bash -s <<'END_OF_COMMAND'\ncd /mnt\n" + command +
                  "\nEND_OF_COMMAND");
}

std::string Server::hash(const std::string& name) const { return run("sha256sum " + name).out.substr(0, 64); }

std::string noise(std::uint64_t bytes, int seed) {
  // (openssl is told by head that it is enough, and does not like it)
  return "openssl enc -aes-128-ctr -K " + std::to_string(seed) + " -iv 0 -in /dev/zero 2>/dev/null | head -c " + std::to_string(bytes);
}

Result run_in_memory(const Host& host, const std::string& command, Duration deadline) {
  return host.run(kMemory + command, deadline);
}

Server web_server(const Host& host) {
  const std::string setup = "mkdir files body\n" + file("nginx.conf",
                                                        "daemon off; user root; worker_processes 1; pid /mnt/nginx.pid; error_log stderr;\n"
                                                        "events { worker_connections 2048; }\n"
                                                        "http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path /mnt/body;\n"
                                                        "  server { listen 80 backlog=1024; listen [::]:80 backlog=1024; root /mnt/files;\n"
                                                        "    dav_methods PUT; client_max_body_size 0; } }\n");
  return {host, 80, setup, "nginx -c /mnt/nginx.conf"};
}

Server ssh_server(const Host& host, const std::string& public_key) {
  const std::string setup = "mkdir -p /run/sshd\nssh-keygen -q -t ed25519 -N '' -f host_key\ncp " + public_key + " keys\n" +
                            file("sshd_config",
                                 "HostKey /mnt/host_key\nPidFile none\nUsePAM no\nPermitRootLogin prohibit-password\n"
                                 "AuthorizedKeysFile /mnt/keys\nStrictModes no\nSubsystem sftp internal-sftp\n");
  return {host, 22, setup, "/usr/sbin/sshd -D -e -f /mnt/sshd_config"};
}

Server ftp_server(const Host& host, Ftp modes) {
  const std::string port = modes == Ftp::kBoth ? "YES" : "NO";
  const std::string setup = "mkdir -p root/incoming empty\nchown ftp root/incoming\n" +
                            file("vsftpd.conf",
                                 "listen=NO\nlisten_ipv6=YES\nbackground=NO\nanonymous_enable=YES\nno_anon_password=YES\n"
                                 "anon_root=/mnt/root\nanon_umask=022\nwrite_enable=YES\nanon_upload_enable=YES\n"
                                 "port_enable=" + port + "\npasv_enable=YES\nsecure_chroot_dir=/mnt/empty\n"
                                 "xferlog_enable=YES\nxferlog_std_format=NO\nvsftpd_log_file=/mnt/log\n");
  return {host, 21, setup, "/usr/sbin/vsftpd /mnt/vsftpd.conf"};
}

Server samba_server(const Host& host) {
  const std::string setup = "mkdir files state\nchmod 777 files\n" +
                            file("smb.conf",
                                 "[global]\nserver role = standalone server\nsmb ports = 445\ndisable netbios = yes\n"
                                 "map to guest = bad user\nload printers = no\nprintcap name = /dev/null\n"
                                 "lock directory = /mnt/state\nstate directory = /mnt/state\ncache directory = /mnt/state\n"
                                 "pid directory = /mnt/state\nprivate dir = /mnt/state\nncalrpc dir = /mnt/state/ncalrpc\n"
                                 "log file = /mnt/state/log\n"
                                 "[files]\npath = /mnt/files\nguest ok = yes\nread only = no\n");
  return {host, 445, setup, "/usr/sbin/smbd --foreground --no-process-group -s /mnt/smb.conf"};
}

}  // namespace dvpn::lab
