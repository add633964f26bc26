# SPDX-License-Identifier: GPL-2.0-or-later
"""dvpn as installed: accounts, gaol, sshd drop-in, rules, relay and daemon, in the default configuration.

Both ways share the two sites and one table: 10.0.32.0/24 through the relay, 10.0.33.0/24 (the same hosts) by sshd itself,
logged in as root.
"""
from .. import processes, topology
from ..errors import Failed
from . import base

TABLE = """\
10.0.32.1 b        #! {gateway} 10.0.32.0/24
10.0.33.1 b-direct #! root@{gateway} 10.0.33.0/24 via=direct
"""


class _Sites:
    """The two sites, once for both peers."""

    def __init__(self, lab):
        self.lab = lab
        self.users = 0
        a, b = lab.state / "a", lab.state / "b"
        lab.step("install", "a", "b")
        (a / "etc/hosts").write_text(TABLE.format(gateway=topology.WAN["b"]))
        with open(b / "sshd/sshd_config", "a", encoding="ascii") as config:
            config.write(f"PermitRootLogin prohibit-password\nAuthorizedKeysFile {b}/etc/root_keys\n")
        (b / "etc/root_keys").write_text((a / "etc/id_ed25519.pub").read_text())
        for step in ("sshd", "rules"):
            lab.step(step, "a", "b")

    def start(self):
        self.users += 1
        if self.users == 1:
            self.lab.step("relay", "b")
            self.lab.step("daemon", "a")

    def stop(self):
        self.users -= 1
        if self.users == 0:
            processes.end(self.lab, ("a", "b"), ("dvpnd", "dvpn-relay"))


class _Dvpn(base.Peer):
    sites = ("a", "b")
    ours = True

    def start(self):
        if not hasattr(self.lab, "dvpn_sites"):
            self.lab.dvpn_sites = _Sites(self.lab)
        self.lab.dvpn_sites.start()

    def stop(self):
        if hasattr(self.lab, "dvpn_sites"):
            self.lab.dvpn_sites.stop()

    def forget_sessions(self):
        """As after a start: no SSH session is open."""
        processes.end(self.lab, ("a",), ("dvpnd",))
        self.lab.step("daemon", "a")


class Relay(_Dvpn):
    name = "relay"
    title = "dvpn (via=relay)"
    how = "defaults; through the rules, the daemon, sshd's gaol and the relay"
    host = "10.0.32.2"


class Direct(_Dvpn):
    name = "direct"
    title = "dvpn (via=direct)"
    how = "defaults; through the rules and the daemon; the far sshd connects, logged in as root"
    host = "10.0.33.2"
