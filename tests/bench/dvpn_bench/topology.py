# SPDX-License-Identifier: GPL-2.0-or-later
"""Sites and addresses. Each pair of sites is a client's host and gateway, a server's gateway and host:

    a ──▶ b   dvpn, as installed, with its rules; 10.0.33.0/24 is reached without the relay (via=direct)
    c ──▶ d   what is built from OpenSSH; redirecting peers have a prefix each
    e ──▶ f   packet VPNs and the bare link, a prefix each at both ends; no firewall rule

The peers have sites of their own because dvpn's rules reject what is not carried, and so that none pays for another's rules.
The load's server runs on the first host of b, d and f.
"""

SERVER_PORT = 9
CLIENT_SITES = {"a": "b", "c": "d", "e": "f"}
WAN = {"a": "203.0.113.1", "b": "203.0.113.2", "c": "203.0.113.3", "d": "203.0.113.4", "e": "203.0.113.5", "f": "203.0.113.6"}
PACKET_PREFIXES = 6  # of e and f: the bare link's, and one for each packet VPN

NETWORKS = {
    "a": ["10.0.31.0/24"],
    "b": ["10.0.32.0/24", "10.0.33.0/24"],
    "c": ["10.0.41.0/24"],
    "d": ["10.0.42.0/24", "10.0.43.0/24", "10.0.44.0/24"],
    "e": [f"10.1.{i}.0/24" for i in range(PACKET_PREFIXES)],
    "f": [f"10.2.{i}.0/24" for i in range(PACKET_PREFIXES)],
}


def text(client_sites, rtt_ms):
    """The topology that tests/lab/lab reads: these sites with those behind them, so many milliseconds apart."""
    lines = []
    for near in client_sites:
        for site in (near, CLIENT_SITES[near]):
            lines.append(f"site {site} networks {' '.join(NETWORKS[site])} wan {WAN[site]} hosts 1")
        if rtt_ms:
            lines.append(f"link {CLIENT_SITES[near]} delay {rtt_ms / 2:g}ms")
    return "\n".join(lines) + "\n"
