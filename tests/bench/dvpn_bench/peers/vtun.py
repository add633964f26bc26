# SPDX-License-Identifier: GPL-2.0-or-later
"""vtun over UDP, encrypted. (Its default cipher, Blowfish, is not in OpenSSL 3 without the legacy provider: AES-128-ECB.)"""
from . import base, packet

CONFIG = """\
options {{ port 5000; timeout 60; }}
default {{ compress no; speed 0; keepalive yes; }}
bench {{ passwd bench; type tun; device {device}; proto udp; encrypt aes128ecb; }}
"""


class Vtun(packet.PacketPeer):
    name = "vtun"
    title = "vtun"
    how = "UDP, tun, AES-128-ECB"
    number = 4
    programs = ("vtund",)
    near_device = far_device = "vtun0"

    def connect(self):
        # It ends when it reads from a device that is not up yet, so the devices are there before it.
        for where in (self.far, self.near):
            if not self.has_device(where, self.near_device):
                self.lab.run(where, "ip", "tuntap", "add", "dev", self.near_device, "mode", "tun")
        path = self.directory() / "vtund.conf"
        path.write_text(CONFIG.format(device=self.near_device))
        self.route_through_devices()
        self.daemon(self.far, "vtund", "-n", "-s", "-f", path)
        self.lab.until("vtun's server", lambda: self.lab.listening(self.far, 5000), self.started[0])
        self.daemon(self.near, "vtund", "-n", "-f", path, "bench", self.far_wan)

    @classmethod
    def version(cls):
        return base.package_version("vtun")
