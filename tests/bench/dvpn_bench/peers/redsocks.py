# SPDX-License-Identifier: GPL-2.0-or-later
"""redsocks in front of `ssh -D`: an iptables rule redirects, redsocks turns the connection into a SOCKS request, ssh opens a
channel to the address that it names."""
from .. import lab as labs
from . import base, openssh

SOCKS_PORT = 1080
REDIRECT_PORT = 12345
CONFIG = f"""\
base {{ log_info = off; log_debug = off; log = "stderr"; daemon = off; redirector = iptables; }}
redsocks {{ local_ip = 0.0.0.0; local_port = {REDIRECT_PORT}; ip = 127.0.0.1; port = {SOCKS_PORT}; type = socks5; }}
"""


class Redsocks(base.Peer):
    name = "redsocks"
    title = "redsocks + ssh -D"
    how = "an iptables REDIRECT to redsocks, SOCKS 5 to one ssh"
    sites = openssh.SITES
    host = "10.0.44.2"

    def start(self):
        self.ssh = self.lab.spawn(self.near, *openssh.command(self.lab), "-N", "-D", f"127.0.0.1:{SOCKS_PORT}", openssh.destination(),
                                  log="ssh-d")
        self.lab.until("ssh -D", lambda: self.lab.listening(self.near, SOCKS_PORT), self.ssh)
        config = openssh.directory_of(self.lab) / "redsocks.conf"
        config.write_text(CONFIG)
        self.redsocks = self.lab.spawn(self.near, "redsocks", "-c", config, log=self.name)
        self.lab.until("redsocks", lambda: self.lab.listening(self.near, REDIRECT_PORT), self.redsocks)
        self._rule("-A")
        self.await_carried(self.redsocks)

    def stop(self):
        self._rule("-D")
        labs.stop(self.redsocks)
        labs.stop(self.ssh)

    def _rule(self, action):
        self.lab.run(self.near, "iptables", "-w", "30", "-t", "nat", action, "PREROUTING", "-i", "lan0", "-p", "tcp", "-d", "10.0.44.0/24",
                     "-j", "REDIRECT", "--to-ports", REDIRECT_PORT)

    @classmethod
    def version(cls):
        return base.package_version("redsocks")
