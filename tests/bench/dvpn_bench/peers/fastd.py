# SPDX-License-Identifier: GPL-2.0-or-later
"""fastd in tun mode, with the method that its documentation recommends."""
from . import base, packet

CONFIG = """\
log level warn;
mode tun;
interface "{device}";
method "salsa2012+umac";
mtu 1400;
secret "{secret}";
bind {bind};
peer "other" {{ key "{key}"; {remote} }}
"""


class Fastd(packet.PacketPeer):
    name = "fastd"
    title = "fastd"
    how = "UDP, tun mode, salsa2012+umac"
    number = 3
    programs = ("fastd",)
    near_device = far_device = "fastd0"

    def connect(self):
        keys = {site: self._key(site) for site in self.sites}
        near, far = self.sites
        self._run(self.far, keys[far][0], keys[near][1], f"{self.far_wan}:10000", "")
        # (a first handshake that finds nobody is repeated after 20 s only)
        self.lab.until("fastd", lambda: self.has_device(self.far, self.far_device), self.started[0])
        self._run(self.near, keys[near][0], keys[far][1], "0.0.0.0:10001", f"remote {self.far_wan}:10000;")
        self.route_through_devices()

    def _key(self, site):
        """Secret and public."""
        words = self.lab.run(f"{site}.gw", "fastd", "--generate-key").split()
        return words[1], words[3]

    def _run(self, where, secret, key, bind, remote):
        path = self.directory() / f"{where}.conf"
        path.write_text(CONFIG.format(device=self.near_device, secret=secret, key=key, bind=bind, remote=remote))
        self.daemon(where, "fastd", "--config", path)

    @classmethod
    def version(cls):
        return base.package_version("fastd")
