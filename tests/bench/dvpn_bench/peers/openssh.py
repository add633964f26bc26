# SPDX-License-Identifier: GPL-2.0-or-later
"""The two sites of the peers that are built from OpenSSH: a stock sshd at d, and how c logs in there.

What differs from Debian's defaults is in the peers' favour: sshd takes many connections that have not logged in yet
(MaxStartups; the design of 2003 would be refused otherwise), root's shell is /bin/sh without start-up files, and the cipher is
the one that dvpn asks for first.
"""
import subprocess

from .. import topology

SITES = ("c", "d")
CIPHER = "aes128-gcm@openssh.com"

SSHD_CONFIG = """\
Port 22
HostKey {dir}/host_key
AuthorizedKeysFile {dir}/client_key.pub
PermitRootLogin prohibit-password
PidFile none
UsePAM no
MaxStartups 2000
"""


def directory_of(lab):
    """The folder with keys and known_hosts; sshd runs at d."""
    return lab.once(_prepare)


def _prepare(lab):
    directory = lab.state / "openssh"
    directory.mkdir()
    for key in ("host_key", "client_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", directory / key], check=True)
    host_key = " ".join((directory / "host_key.pub").read_text().split()[:2])
    (directory / "known_hosts").write_text(f"{topology.WAN['d']} {host_key}\n")
    (directory / "sshd_config").write_text(SSHD_CONFIG.format(dir=directory))
    _plain_shell_for_root(lab, directory)
    sshd = lab.spawn("d.gw", "/usr/sbin/sshd", "-D", "-e", "-f", directory / "sshd_config", log="sshd")
    lab.until("sshd at d", lambda: lab.listening("d.gw", 22), sshd)
    return directory


def _plain_shell_for_root(lab, home):
    """In d's gateway alone (ip-netns(8) puts this file in the place of /etc/passwd there)."""
    path = f"/etc/netns/{lab.namespace('d.gw')}/passwd"
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with open(path, "w", encoding="utf-8") as file:
        file.writelines((f"root:x:0:0:root:{home}:/bin/sh" if line.startswith("root:") else line) + "\n" for line in lines)


def command(lab):
    """`ssh` with what it needs to log in to d; options and the command to run go behind it."""
    directory = directory_of(lab)
    return ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={directory}/known_hosts",
            "-o", f"IdentityFile={directory}/client_key", "-o", "IdentitiesOnly=yes", "-o", f"Ciphers={CIPHER}"]


def destination():
    return f"root@{topology.WAN['d']}"
