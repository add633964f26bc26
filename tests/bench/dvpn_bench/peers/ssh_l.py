# SPDX-License-Identifier: GPL-2.0-or-later
"""`ssh -L`: the gateway's ssh listens on the LAN; one session, one fixed target."""
import time

from .. import lab as labs
from .. import load, topology
from . import base, openssh


class SshL(base.Peer):
    name = "ssh"
    title = "ssh -L"
    how = f"one session with {openssh.CIPHER}; one listener on the LAN for one target"
    sites = openssh.SITES
    host = "10.0.41.1"
    port = 7000
    has_sessions = True

    def start(self):
        forward = f"{self.host}:{self.port}:10.0.42.2:{topology.SERVER_PORT}"
        self.process = self.lab.spawn(self.near, *openssh.command(self.lab), "-N", "-o", "ExitOnForwardFailure=yes", "-L", forward,
                                      openssh.destination(), log="ssh-l")
        self.lab.until("ssh -L", lambda: self.lab.listening(self.near, self.port), self.process)

    def stop(self):
        labs.stop(self.process)

    def first_byte_ms(self):
        """From the start of ssh: its listener is there when the session is."""
        self.stop()
        begun = time.monotonic()
        self.start()
        load.connect(self, 1, 1)
        return (time.monotonic() - begun) * 1e3

    @classmethod
    def version(cls):
        return base.package_version("openssh-client")
