# SPDX-License-Identifier: GPL-2.0-or-later
"""What a peer is: a way by which a client's host reaches the load's server at another site."""
import subprocess

from .. import topology
from ..errors import Failed


class Peer:
    name = ""           # on the command line and in results
    title = ""          # for a reader
    how = ""            # one line: how it is set up
    sites = ("a", "b")  # the client's and the server's
    ours = False        # a failure of ours fails the bench
    port = topology.SERVER_PORT

    def __init__(self, lab):
        self.lab = lab

    @property
    def client(self):
        return f"{self.sites[0]}.h1"

    @property
    def near(self):
        return f"{self.sites[0]}.gw"

    @property
    def far(self):
        return f"{self.sites[1]}.gw"

    @property
    def far_wan(self):
        return topology.WAN[self.sites[1]]

    @property
    def host(self):
        """The address that the client connects to."""
        raise NotImplementedError

    def start(self):
        """Ready when it returns; Failed with the reason otherwise."""

    def stop(self):
        """Ends what start() began, also half of it."""

    def limit(self, measure):
        """Why this measure is not for this peer; "" if it is."""
        del measure
        return ""

    @classmethod
    def version(cls):
        return ""


def package_version(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    return f"{name} {done.stdout}" if done.returncode == 0 and done.stdout else f"{name} (not installed)"


