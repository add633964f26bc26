# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab: the sites of topology.py in network namespaces, made and taken away by tests/lab/lab.

Whatever is started here runs in one of the lab's namespaces, so taking the lab down ends it; the lab's owner is this
process, so it goes even if this process is killed.
"""
import os
import pathlib
import subprocess
import threading
import time

from . import topology
from .errors import BenchError, Failed


# One client that opens thousands of connections a second would soon have no port left that is not in TIME_WAIT.
MANY_CONNECTIONS = ("net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=10000 65535")


class Lab:
    def __init__(self, tree, client_sites, rtt_ms):
        self.tree = tree
        self.client_sites = list(client_sites)
        self.rtt_ms = rtt_ms
        self.id = None
        self.state = None
        self.once_done = {}
        self.once_lock = threading.Lock()
        self.round_trips = {}  # between gateways, in ms

    def __enter__(self):
        try:
            self.id = self._lab("up", "-", stdin=topology.text(self.client_sites, self.rtt_ms)).strip()
            self.state = pathlib.Path("/run/dvpn-lab") / self.id
            for site in self.client_sites:
                for where in (f"{site}.h1", f"{site}.gw", f"{topology.CLIENT_SITES[site]}.gw"):
                    self.run(where, "sysctl", "-q", "-w", *MANY_CONNECTIONS)
                server = topology.CLIENT_SITES[site]
                load = self.spawn(f"{server}.h1", self.tree.load, "serve", str(topology.SERVER_PORT), log="load")
                self.until(f"load's server at {server}", lambda s=server: self.listening(f"{s}.h1", topology.SERVER_PORT), load)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.id:
            subprocess.run([self.tree.lab, "down", self.id], check=False, stdin=subprocess.DEVNULL)
            self.id = None

    def _lab(self, *words, stdin=""):
        command = [self.tree.lab, "--owner", str(os.getpid()), "--dvpnd", self.tree.dvpnd, "--relay", self.tree.relay,
                   "--delay-line", self.tree.delay_line, *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise BenchError(f"tests/lab/lab {' '.join(words)}: {done.stderr.strip() or 'failed'}")
        return done.stdout

    def once(self, make):
        """What make(lab) returned the first time that it was asked for: what several peers of this lab share."""
        with self.once_lock:
            if make not in self.once_done:
                self.once_done[make] = make(self)
            return self.once_done[make]

    def step(self, name, *sites):
        """A step of tests/lab/lab at some sites: install, sshd, rules, relay, daemon."""
        try:
            self._lab(name, self.id, *sites)
        except BenchError as error:
            raise Failed(str(error)) from None

    def namespace(self, where):
        return f"dvpnlab-{self.id}-{where}"

    def command(self, where, *words):
        return ["ip", "netns", "exec", self.namespace(where), *map(str, words)]

    def run(self, where, *words, timeout=30, stdin=""):
        """Its output. Failed with what it said if it fails or takes too long."""
        try:
            done = subprocess.run(self.command(where, *words), input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"{_name(words)} did not end within {timeout:g} s") from None
        if done.returncode:
            raise Failed(f"{_name(words)}: {last_line(done.stderr) or last_line(done.stdout) or f'status {done.returncode}'}")
        return done.stdout

    def spawn(self, where, *words, log, stdin=subprocess.DEVNULL, env=None):
        """A process in the background; its output goes to STATE/bench/LOG.log."""
        path = self.state / "bench" / f"{log}.log"
        path.parent.mkdir(exist_ok=True)
        with open(path, "ab") as out:
            process = subprocess.Popen(self.command(where, *words), stdin=stdin, stdout=out, stderr=out,
                                       env={**os.environ, **(env or {})}, start_new_session=True)
        process.log = path
        return process

    def until(self, what, condition, process=None, seconds=15, step=0.02):
        """Waits for a condition; Failed with the process's last words when it ends first, or at the deadline."""
        deadline = time.monotonic() + seconds
        while not condition():
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = last_line(process.log.read_text(errors="replace")) if process else ""
                raise Failed(f"{what} {'ended' if ended else f'was not ready within {seconds:g} s'}" + (f": {said}" if said else ""))
            time.sleep(step)

    def listening(self, where, port):
        """Whether there is a TCP listener on that port."""
        return bool(self.run(where, "ss", "-Hltn", f"sport = :{port}").strip())

    def answers(self, where, address):
        """Whether a ping from there gets an answer."""
        return subprocess.run(self.command(where, "ping", "-c1", "-W1", "-q", address), check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def stop(process):
    """Ends a process that spawn() started, with all that it started."""
    for signal in (15, 9):
        try:
            os.killpg(process.pid, signal)
        except ProcessLookupError:
            pass
        try:
            process.wait(3)
            return
        except subprocess.TimeoutExpired:
            continue


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _name(words):
    return " ".join(os.path.basename(str(word)) if i == 0 else str(word) for i, word in enumerate(words[:6]))
