# SPDX-License-Identifier: GPL-2.0-or-later
"""tinc 1.0 in router mode, with its default cipher and digest."""
from . import base, packet


class Tinc(packet.PacketPeer):
    name = "tinc"
    title = "tinc"
    how = "version 1.0, router mode, UDP, default cipher"
    number = 2
    programs = ("tincd",)
    near_device = far_device = "tinc0"

    def connect(self):
        hosts = {self.sites[0]: (self.near_prefix, ""), self.sites[1]: (self.far_prefix, f"Address = {self.far_wan}\n")}
        texts = {site: self._configure(site, *host) for site, host in hosts.items()}
        for site, other in zip(self.sites, reversed(self.sites)):
            (self.directory() / site / "hosts" / other).write_text(texts[other])
        for where in (self.far, self.near):
            folder = self.directory() / where.split(".")[0]
            self.daemon(where, "tincd", "-c", folder, "-D", f"--pidfile={folder}/pid")
        self.route_through_devices()

    def _configure(self, site, prefix, address):
        """The site's own host file: with its public key, for the other."""
        folder = self.directory() / site
        (folder / "hosts").mkdir(parents=True, exist_ok=True)
        connect = f"ConnectTo = {self.sites[1]}\n" if site == self.sites[0] else ""
        (folder / "tinc.conf").write_text(f"Name = {site}\nMode = router\nInterface = {self.near_device}\nDeviceType = tun\n{connect}")
        host = folder / "hosts" / site
        host.write_text(f"{address}Subnet = {prefix}\n")
        self.lab.run(f"{site}.gw", "tincd", "-c", folder, "-K2048")
        return host.read_text()

    @classmethod
    def version(cls):
        return base.package_version("tinc")
