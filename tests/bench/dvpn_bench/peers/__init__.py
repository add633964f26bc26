# SPDX-License-Identifier: GPL-2.0-or-later
"""All peers, in the order of the report."""
from . import design2003, dvpn, fastd, openvpn, packet, redsocks, ssh_l, sshuttle, tinc, vtun, wireguard_go

ALL = [dvpn.Relay, dvpn.Direct, ssh_l.SshL, redsocks.Redsocks, sshuttle.Sshuttle, design2003.Design2003, openvpn.OpenVpn,
       wireguard_go.WireguardGo, tinc.Tinc, fastd.Fastd, vtun.Vtun, packet.Bare]
BY_NAME = {peer.name: peer for peer in ALL}
