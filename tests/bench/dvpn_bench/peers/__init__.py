# SPDX-License-Identifier: GPL-2.0-or-later
"""All peers, in the order of the report."""
from . import dvpn, ssh_l

ALL = [dvpn.Relay, dvpn.Direct, ssh_l.SshL]
BY_NAME = {peer.name: peer for peer in ALL}
