# SPDX-License-Identifier: GPL-2.0-or-later
"""What a peer is: a way by which a client's host reaches the load's server at another site."""
import subprocess

from .. import load, topology
from ..errors import Failed


class Peer:
    name = ""           # on the command line and in results
    title = ""          # for a reader
    how = ""            # one line: how it is set up
    sites = ("a", "b")  # the client's and the server's
    ours = False        # a failure of ours fails the bench
    port = topology.SERVER_PORT
    most_at_once = None  # connections, where more would take too long or too much memory
    most_idle = None
    has_sessions = False  # that a flow waits for when there is none: first_byte_ms() is for these

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
    def near_wan(self):
        return topology.WAN[self.sites[0]]

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

    def await_carried(self, process=None):
        """Waits until a byte goes there and back."""
        self.lab.until(self.title, self._carries, process)

    def _carries(self):
        try:
            load.connect(self, 1, 1, timeout=1 + self.lab.rtt_ms / 50)
            return True
        except Failed:
            return False

    def restart(self):
        """As new: nothing is left of earlier flows."""
        self.stop()
        self.start()

    def first_byte_ms(self):
        """From a start without any session to a first byte."""
        raise NotImplementedError

    def client_addresses(self, flows):
        """Addresses of the client that so many flows have to come from; none: its own."""
        del flows
        return []

    @classmethod
    def version(cls):
        return ""


def package_version(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    return f"{name} {done.stdout}" if done.returncode == 0 and done.stdout else f"{name} (not installed)"


