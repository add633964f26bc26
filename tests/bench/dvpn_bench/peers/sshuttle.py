# SPDX-License-Identifier: GPL-2.0-or-later
"""sshuttle on the gateway, for the hosts behind it too (-l 0.0.0.0): connections become packets of its own protocol, written
and read by a Python program at each end of one ssh."""
import shlex

from .. import lab as labs
from . import base, openssh


class Sshuttle(base.Peer):
    name = "sshuttle"
    title = "sshuttle"
    how = "method nft, listening for the LAN"
    sites = openssh.SITES
    host = "10.0.43.2"

    def start(self):
        self.process = self.lab.spawn(
            self.near, "/usr/bin/sshuttle", "--method", "nft", "-l", "0.0.0.0:0", "--disable-ipv6", "-e", shlex.join(openssh.command(self.lab)),
            "-r", openssh.destination(), "--python", "/usr/bin/python3", "10.0.43.0/24", log=self.name)
        self.await_carried(self.process)

    def stop(self):
        labs.stop(self.process)

    @classmethod
    def version(cls):
        return base.package_version("sshuttle")
