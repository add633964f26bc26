# SPDX-License-Identifier: GPL-2.0-or-later
"""A table of many gateways at site a, each with a block and a pinned host key of its own, whose last line is the lab's."""
import base64
import os
import struct


class Tables:
    """The two tables between which a measure changes: the lab's own, of a line or two, and the large one."""

    def __init__(self, lab, gateways):
        etc = lab.state / "a" / "etc"
        self.files = (etc / "hosts", etc / "known_hosts")
        self.small = tuple(file.read_text() for file in self.files)
        self.large = (_routes(gateways - 1) + self.small[0], _pins(gateways - 1) + self.small[1])

    def put(self, texts):
        for file, text in zip(self.files, texts):
            file.write_text(text)


def _gateway(i):
    return f"198.{18 + i // 65536}.{i // 256 % 256}.{i % 256}"


def _routes(count):
    return "".join(f"1.{i // 256}.{i % 256}.1 site{i} #! {_gateway(i)} 1.{i // 256}.{i % 256}.0/24\n" for i in range(count))


def _pins(count):
    kind = b"ssh-ed25519"
    head = struct.pack(">I", len(kind)) + kind + struct.pack(">I", 32)
    return "".join(f"{_gateway(i)} {kind.decode()} {base64.b64encode(head + os.urandom(32)).decode()}\n" for i in range(count))
