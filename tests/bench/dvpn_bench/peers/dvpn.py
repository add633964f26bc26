# SPDX-License-Identifier: GPL-2.0-or-later
"""dvpn as installed: accounts, gaol, sshd drop-in, rules, relay and daemon, in the default configuration.

Both ways share the two sites and one table: 10.0.32.0/24 through the relay, 10.0.33.0/24 (the same hosts) by sshd itself,
logged in as root.
"""
import threading

from .. import load, prepare, processes, topology
from . import base

FLOWS_PER_CLIENT = 2_000  # the default

TABLE = """\
10.0.32.1 b        #! {gateway} 10.0.32.0/24
10.0.33.1 b-direct #! root@{gateway} 10.0.33.0/24 via=direct
"""


class _Sites:
    """The two sites, once for both peers."""

    def __init__(self, lab):
        self.lab = lab
        self.users = 0
        self.lock = threading.Lock()
        a, b = lab.state / "a", lab.state / "b"
        lab.step("install", "a", "b")
        (a / "etc/hosts").write_text(TABLE.format(gateway=topology.WAN["b"]))
        with open(b / "sshd/sshd_config", "a", encoding="ascii") as config:
            config.write(f"PermitRootLogin prohibit-password\nAuthorizedKeysFile {b}/etc/root_keys\n")
        (b / "etc/root_keys").write_text((a / "etc/id_ed25519.pub").read_text())
        for step in ("sshd", "rules"):
            lab.step(step, "a", "b")

    def start(self):
        with self.lock:
            self.users += 1
            if self.users == 1:
                self._run()

    def stop(self):
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self._end()

    def restart(self):
        self._end()
        self._run()

    def _run(self):
        self.lab.step("relay", "b")
        self.lab.step("daemon", "a")

    def _end(self):
        processes.end(self.lab, ("a", "b"), ("dvpnd", "dvpn-relay"))


class _Dvpn(base.Peer):
    sites = ("a", "b")
    ours = True
    has_sessions = True

    def start(self):
        self.lab.once(_Sites).start()

    def stop(self):
        self.lab.once(_Sites).stop()

    def first_byte_ms(self):
        """A daemon that has just started has no session."""
        processes.end(self.lab, ("a",), ("dvpnd",))
        self.lab.step("daemon", "a")
        return load.connect(self, 1, 1)["p50_ms"]

    def restart(self):
        """The daemon and the relay, for both ways."""
        self.lab.once(_Sites).restart()

    def client_addresses(self, flows):
        """One client may have limits.flows_per_client (2,000): as many addresses as that takes, and one for good measure."""
        addresses = [f"10.0.31.{100 + i}" for i in range(flows // FLOWS_PER_CLIENT + 1)]
        for address in addresses:
            self.lab.run(self.client, "ip", "addr", "replace", f"{address}/24", "dev", "eth0")
        return addresses

    @classmethod
    def version(cls):
        return f"dvpn {prepare.revision()}, {base.package_version('libssh-4')}, {base.package_version('openssh-server')}"


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
