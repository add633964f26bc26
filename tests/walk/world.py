# SPDX-License-Identifier: GPL-2.0-or-later
"""The two sites of README, thursday and friday, with their addresses and a desk on each LAN; and what is there before anybody reads it.

  desk 10.0.32.5 ── eth1 10.0.32.1 thursday eth0 203.0.113.7 ─┬─ 203.0.113.9 eth0 friday 10.0.33.1 eth1 ── 10.0.33.5, 10.0.33.9 desk
                                                     the Internet, 203.0.113.1
                                    server eth0 203.0.113.20 ─┴─ 192.168.7.1 (NAT) ── 192.168.7.30 eth0 laptop
"""
from machine import HERE, Host, Machine, must, until

SOURCE = HERE.parent.parent
UNITS = ("dvpn-rules", "dvpn-relay", "dvpnd")
SITES = {"thursday": ("203.0.113.7", "10.0.32", (5,)), "friday": ("203.0.113.9", "10.0.33", (5, 9))}


def internet():
    must("ip address add 203.0.113.1/24 dev internet")


class Site:
    def __init__(self, name, kind=Machine):
        self.name = name
        self.address, self.lan, self.desks = SITES[name]
        self.desk = Host(f"desk.{name}")
        self.gateway = kind(name, self.wires)
        self.gateway.boot()

    def wires(self, gateway):
        gateway.wire("eth0", f"{self.address}/24")
        gateway.route("203.0.113.1")
        gateway.wire("eth1", f"{self.lan}.1/24", (self.desk, "eth0"))
        self.desk.must("ip link set lo up && ip link set eth0 up")
        for number in self.desks:
            self.desk.must(f"ip address add {self.lan}.{number}/24 dev eth0")
        self.desk.must(f"ip route add default via {self.lan}.1")

    def put(self, source, below):
        """A copy of a file or folder on the gateway's disk."""
        must("cp -r", source, f"{self.gateway.root}/{below}")


def server(gateway):
    gateway.wire("eth0", "203.0.113.20/24")
    gateway.route("203.0.113.1")


def laptop(gateway):
    """At somebody's home, behind a router that lets nothing in."""
    must(f"ip link add eth0 netns {gateway.inside} type veth peer name home && ip link set home up && ip address add 192.168.7.1/24 dev home")
    must("sysctl -q -w net.ipv4.ip_forward=1 && iptables -t nat -A POSTROUTING -s 192.168.7.0/24 -o internet -j MASQUERADE && iptables -A FORWARD -i internet -o home "
         "-m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP")
    must(f"nsenter -t {gateway.inside} -n sh -c 'ip link set lo up; ip link set eth0 up; ip address add 192.168.7.30/24 dev eth0'")
    gateway.route("192.168.7.1")


def alone(name):
    """A machine without a LAN."""
    gateway = Machine(name, {"server": server, "laptop": laptop}[name])
    gateway.boot()
    return gateway


def exchanged(text):
    """What README says for thursday, for friday."""
    table = {"thursday": "friday", "friday": "thursday", "10.0.32.": "10.0.33.", "10.0.33.": "10.0.32.", "203.0.113.7": "203.0.113.9", "203.0.113.9": "203.0.113.7"}
    out, at = "", 0
    while at < len(text):
        word = next((word for word in table if text.startswith(word, at)), "")
        out += table.get(word, text[at])
        at += len(word) or 1
    return out


def let_in(client, server, folder="/root"):
    """root of the one may log in as root of the other, as between machines that one knows."""
    client.must("mkdir -p -m 700 /root/.ssh && { [ -e /root/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; }")
    server.must(f"mkdir -p -m 700 {folder}/.ssh && cat >>{folder}/.ssh/authorized_keys", text=client.must("cat /root/.ssh/id_ed25519.pub"))


def serve(desk):
    """What a desk offers: ssh, and a page that says whose it is."""
    desk.must("mkdir -p -m 700 /root/.ssh /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /root/host_key")
    desk.start("exec /usr/sbin/sshd -D -f /dev/null -h /root/host_key -o UsePAM=no -o PidFile=none -o AuthorizedKeysFile=/root/.ssh/authorized_keys")
    desk.start(f"PAGE='the page of {desk.name}' exec socat TCP6-LISTEN:80,ipv6only=0,reuseaddr,fork EXEC:{SOURCE}/tests/lab/lib/page")
    until(f"{desk.name}'s servers", lambda: all(f":{port} " in desk.run("ss -Hltn")[1] for port in (22, 80)))


def joined(build):
    """Both sites with dvpn installed from what is built there, set up, joined and started."""
    sites = thursday, friday = Site("thursday"), Site("friday")
    must(f"{HERE}/package", build, "/run/dvpn.deb")
    for site in sites:
        serve(site.desk)
        site.put("/run/dvpn.deb", "root/dvpn.deb")
        site.gateway.must("dpkg -i /root/dvpn.deb && cp /usr/share/doc/dvpn/examples/sysctl.d/dvpn.conf /etc/sysctl.d/ && sysctl -q --system")
        site.gateway.must("dvpn init --yes && sshd -t && systemctl reload ssh")
    for here, there in ((thursday, friday), (friday, thursday)):
        there.gateway.must("dvpn peer add --yes", text=here.gateway.must("dvpn peer export 2>/dev/null"))
    for site in sites:
        site.gateway.must(f"systemctl enable --now {' '.join(UNITS)}")
    return sites
