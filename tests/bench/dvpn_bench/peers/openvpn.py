# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN over UDP, in user space: TLS with pinned self-signed certificates, AES-128-GCM."""
import subprocess

from . import base, packet


class OpenVpn(packet.PacketPeer):
    name = "openvpn"
    title = "OpenVPN"
    how = "UDP, TLS, AES-128-GCM, user space"
    number = 1
    programs = ("openvpn",)
    near_device = far_device = "ovpn0"

    def connect(self):
        prints = {site: self._certificate(site) for site in self.sites}
        for where, role, mine, other, at in ((self.far, ["--tls-server", "--dh", "none", "--local", self.far_wan], self.far_tunnel, self.near_tunnel, 1),
                                             (self.near, ["--tls-client", "--remote", self.far_wan, "--nobind"], self.near_tunnel, self.far_tunnel, 0)):
            site, remote = self.sites[at], self.sites[1 - at]
            self.daemon(where, "openvpn", *role, "--proto", "udp", "--port" if at else "--rport", "1194", "--dev", self.near_device, "--dev-type", "tun",
                        "--ifconfig", mine, other, "--cert", self.directory() / f"{site}.crt", "--key", self.directory() / f"{site}.key",
                        "--peer-fingerprint", prints[remote], "--data-ciphers", "AES-128-GCM", "--disable-dco", "--verb", "1")
        self.route_through_devices()

    def _certificate(self, site):
        """Makes it; its SHA-256 fingerprint."""
        path = self.directory() / site
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                               "-subj", f"/CN={site}", "-keyout", f"{path}.key", "-out", f"{path}.crt"], capture_output=True, check=True)
        del made
        done = subprocess.run(["openssl", "x509", "-in", f"{path}.crt", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True,
                              check=True)
        return done.stdout.strip().split("=")[1]

    @classmethod
    def version(cls):
        return base.package_version("openvpn")
