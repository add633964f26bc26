# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard in user space (wireguard-go over a tun device)."""
import pathlib

from . import base, packet

PORT = 51820


class WireguardGo(packet.PacketPeer):
    name = "wireguard-go"
    title = "wireguard-go"
    how = "WireGuard in user space"
    number = 5
    programs = ("wireguard-go",)

    # Its control socket is named after the device, and all namespaces share /run: so the lab's id is in the name.
    @property
    def near_device(self):
        return f"wg{self.lab.id}e"

    @property
    def far_device(self):
        return f"wg{self.lab.id}f"

    def connect(self):
        keys = {}
        for site in self.sites:
            secret = self.lab.run(f"{site}.gw", "wg", "genkey")
            (self.directory() / f"{site}.key").write_text(secret)
            keys[site] = self.lab.run(f"{site}.gw", "wg", "pubkey", stdin=secret).strip()
        for where, device in ((self.far, self.far_device), (self.near, self.near_device)):
            self.daemon(where, "wireguard-go", "-f", device, env={"LOG_LEVEL": "error"})
            socket = pathlib.Path(f"/run/wireguard/{device}.sock")
            self.lab.until("wireguard-go", socket.exists, self.started[-1])
        self._configure(self.far, self.far_device, "f", keys["e"], "listen-port", PORT)
        self._configure(self.near, self.near_device, "e", keys["f"], endpoint=["endpoint", f"{self.far_wan}:{PORT}"])
        self.route_through_devices()

    def _configure(self, where, device, site, key, *port, endpoint=()):
        self.lab.run(where, "wg", "set", device, *port, "private-key", self.directory() / f"{site}.key", "peer", key,
                     "allowed-ips", "0.0.0.0/0", *endpoint)

    @classmethod
    def version(cls):
        return f"{base.package_version('wireguard-go')}, {base.package_version('wireguard-tools')}"
