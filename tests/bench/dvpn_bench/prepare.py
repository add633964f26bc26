# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to be there before anything is measured: packages, programs, limits."""
import os
import pathlib
import resource
import subprocess

from .errors import BenchError

ROOT = pathlib.Path(__file__).resolve().parents[3]
DESCRIPTORS = 262_144  # as the systemd units say; 10,000 flows take 20,000 in a relay


class Tree:
    """The programs of a build folder."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.lab = str(ROOT / "tests/lab/lab")
        self.rules = str(ROOT / "rules/dvpn-rules")
        self.dvpnd = str(self.build / "src/programs/dvpnd")
        self.relay = str(self.build / "src/programs/dvpn-relay")
        self.dvpn = str(self.build / "src/programs/dvpn")
        self.delay_line = str(self.build / "tests/lab/delay_line")
        self.load = str(self.build / "tests/bench/load")
        self.table_bench = str(self.build / "tests/bench/table_bench")

    def compile(self):
        if not (self.build / "build.ninja").exists():
            _run("cmake", "-S", ROOT, "-B", self.build, "-G", "Ninja", remedy="the output above says what is missing")
        targets = ("dvpnd", "dvpn-relay", "dvpn", "delay_line", "load", "table_bench")
        _run("ninja", "-C", self.build, *targets, remedy="build the tree first and see why it does not")


def packages():
    install = ROOT / "tests/install-packages"
    lists = (ROOT / "tests/packages.txt", ROOT / "tests/bench/packages.txt")
    _run(install, *lists, remedy="apt-get could not install what the bench needs; it says why above")


def revision():
    """Of this tree: the commit, and a + if files differ from it."""
    def git(*words):
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "rules", "chroot")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")


def limits():
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it with sudo")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    except (ValueError, OSError):  # a container may forbid it; measures that need more say so
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _run(*command, remedy):
    """Quiet unless it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BenchError(f"{done.stdout.rstrip()}\n{os.path.basename(str(command[0]))} failed: {remedy}")
