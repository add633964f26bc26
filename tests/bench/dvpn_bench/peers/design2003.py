# SPDX-License-Identifier: GPL-2.0-or-later
"""The design of 2003: an accept loop that forks `ssh gateway nc host port` for each connection (tests/bench/forwarder_2003)."""
from .. import lab as labs
from .. import load, topology
from ..prepare import ROOT
from . import base, openssh


class Design2003(base.Peer):
    name = "2003"
    title = "ssh + nc per connection"
    how = "the design of 2003: an accept loop forks `ssh gateway nc host port` for each connection"
    sites = openssh.SITES
    host = "10.0.41.1"
    port = 7003
    most_at_once = 50  # a session each: 500 would take half a minute and some gigabytes
    most_idle = 50
    has_sessions = True

    def start(self):
        far = ["nc", "-N", "10.0.42.2", topology.SERVER_PORT]
        self.process = self.lab.spawn(self.near, ROOT / "tests/bench/forwarder_2003", self.host, self.port, *openssh.command(self.lab),
                                      openssh.destination(), *far, log=self.name)
        self.lab.until("the accept loop", lambda: self.lab.listening(self.near, self.port), self.process)

    def stop(self):
        labs.stop(self.process)

    def first_byte_ms(self):
        """Every connection's session is its own."""
        return load.connect(self, 1, 1)["p50_ms"]

    @classmethod
    def version(cls):
        return f"{base.package_version('openssh-client')}, {base.package_version('netcat-openbsd')}"
