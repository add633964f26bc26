# SPDX-License-Identifier: GPL-2.0-or-later
"""`ssh -L`: the gateway's ssh listens on the LAN; one session, one fixed target."""
from .. import lab as labs
from .. import topology
from . import base, openssh


class SshL(base.Peer):
    name = "ssh"
    title = "ssh -L"
    how = f"one session with {openssh.CIPHER}; one listener on the LAN for one target"
    sites = openssh.SITES
    host = "10.0.41.1"
    port = 7000

    def start(self):
        openssh.prepare(self.lab)
        forward = f"{self.host}:{self.port}:10.0.42.2:{topology.SERVER_PORT}"
        self.process = self.lab.spawn(self.near, *openssh.command(self.lab), "-N", "-o", "ExitOnForwardFailure=yes", "-L", forward,
                                      openssh.destination(), log="ssh-l")
        self.lab.until("ssh -L", lambda: self.lab.listening(self.near, self.port), self.process)

    def stop(self):
        labs.stop(self.process)

    def forget_sessions(self):
        self.stop()
        self.start()

    @classmethod
    def version(cls):
        return base.package_version("openssh-client")
