# SPDX-License-Identifier: GPL-2.0-or-later
"""What packet VPNs have in common: a tun device at each gateway, and routes that lead the peer's own prefix (10.1.N.0/24 at e,
10.2.N.0/24 at f) through it. No firewall rule, no connection tracking. The bare link is the same without a VPN."""
from .. import lab as labs
from .. import processes
from . import base


class PacketPeer(base.Peer):
    sites = ("e", "f")
    number = None       # of its prefixes
    programs = ()       # that it runs
    near_device = far_device = ""

    @property
    def host(self):
        return f"10.2.{self.number}.2"

    @property
    def near_prefix(self):
        return f"10.1.{self.number}.0/24"

    @property
    def far_prefix(self):
        return f"10.2.{self.number}.0/24"

    @property
    def near_tunnel(self):
        return f"10.9.{self.number}.1"

    @property
    def far_tunnel(self):
        return f"10.9.{self.number}.2"

    def directory(self):
        path = self.lab.state / self.name
        path.mkdir(exist_ok=True)
        return path

    def start(self):
        self.started = []
        self.connect()
        # (a start after a stop finds the host's route in place)
        self.lab.run(self.client, "ip", "route", "replace", self.far_prefix, "via", f"10.1.{self.number}.1", "src", f"10.1.{self.number}.2")
        self.await_carried(self.started[0] if self.started else None)

    def stop(self):
        for process in self.started:
            labs.stop(process)
        processes.end(self.lab, self.sites, self.programs)

    def restart(self):
        """It knows nothing of flows."""

    def connect(self):
        """Starts the VPN and leads the prefixes through it."""
        raise NotImplementedError

    def daemon(self, where, *command, **options):
        site = where.split(".")[0]
        self.started.append(self.lab.spawn(where, *command, log=f"{self.name}-{site}", **options))

    def route_through_devices(self):
        """Once the devices are there: made by the daemons, the far one's first."""
        daemons = dict(zip((self.far, self.near), self.started))
        for where, device, mine, other, prefix in (
                (self.near, self.near_device, self.near_tunnel, self.far_tunnel, self.far_prefix),
                (self.far, self.far_device, self.far_tunnel, self.near_tunnel, self.near_prefix)):
            self.lab.until(f"the device {device}", lambda w=where, d=device: self.has_device(w, d), daemons.get(where))
            self.lab.run(where, "ip", "addr", "replace", mine, "peer", other, "dev", device)
            self.lab.run(where, "ip", "link", "set", device, "up")
            self.lab.run(where, "ip", "route", "replace", prefix, "dev", device)

    def has_device(self, where, device):
        return f" {device}:" in self.lab.run(where, "ip", "-o", "link")


class Bare(PacketPeer):
    name = "bare"
    title = "bare link"
    how = "routed, without any VPN: what the link itself gives"
    number = 0

    def connect(self):
        for site, prefix in zip(self.sites, (self.near_prefix, self.far_prefix)):
            gateway = self.far_wan if site == self.sites[1] else self.near_wan
            self.lab.run("wan", "ip", "route", "replace", prefix, "via", gateway, "dev", site, "onlink")
