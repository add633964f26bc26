# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN over UDP, in user space: TLS with pinned self-signed certificates, AES-128-GCM."""
from . import base, packet

PORT = 1194


class OpenVpn(packet.PacketPeer):
    name = "openvpn"
    title = "OpenVPN"
    how = "UDP, TLS, AES-128-GCM, user space"
    number = 1
    programs = ("openvpn",)
    near_device = far_device = "ovpn0"

    def connect(self):
        near, far = self.sites
        prints = {site: self._certificate(site) for site in self.sites}
        server = ["--tls-server", "--dh", "none", "--local", self.far_wan, "--port", PORT]
        client = ["--tls-client", "--remote", self.far_wan, PORT, "--nobind"]
        self._run(far, prints[near], self.far_tunnel, self.near_tunnel, server)
        self._run(near, prints[far], self.near_tunnel, self.far_tunnel, client)
        self.route_through_devices()

    def _run(self, site, other_print, mine, other, role):
        keys = self.directory() / site
        self.daemon(f"{site}.gw", "openvpn", *role, "--proto", "udp", "--dev", self.near_device, "--dev-type", "tun", "--ifconfig", mine, other,
                    "--cert", f"{keys}.crt", "--key", f"{keys}.key", "--peer-fingerprint", other_print, "--data-ciphers", "AES-128-GCM",
                    "--disable-dco", "--verb", "1")

    def _certificate(self, site):
        """Makes it; its SHA-256 fingerprint."""
        path = self.directory() / site
        self.lab.run(f"{site}.gw", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                     "-days", "30", "-subj", f"/CN={site}", "-keyout", f"{path}.key", "-out", f"{path}.crt")
        said = self.lab.run(f"{site}.gw", "openssl", "x509", "-in", f"{path}.crt", "-noout", "-fingerprint", "-sha256")
        return said.strip().split("=")[1]

    @classmethod
    def version(cls):
        return base.package_version("openvpn")
