# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines that a new user might have before him: Debian, freshly installed, with systemd, two interfaces and nothing of dvpn.

A machine is a set of namespaces whose files are this machine's with a layer over them that takes every write (overlayfs, in memory), and
whose first process is systemd. What is done there nobody else sees, and it is gone with the program, which runs in
namespaces of its own (alone()), so whatever ends it ends its machines. What this machine has configured is not there: of what begins with
multi-user.target only sshd is left, with host keys of its own.

A host is less: a network, a name and a home.
"""
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time
import uuid

CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
HERE = pathlib.Path(__file__).resolve().parent
TERMINAL = HERE.parent / "lab" / "lib" / "terminal"
WORK = pathlib.Path("/run/dvpn-machines")  # in namespaces of our own: nobody else's
CGROUPS = WORK / "cgroup"
STALE = 1800  # seconds


def alone():
    """Runs this program again in namespaces of its own, which end with it, and whose network is the Internet here. Returns there."""
    if os.environ.get("DVPN_ALONE") != "yes":
        if os.geteuid() != 0:
            sys.exit("this needs root")
        os.environ["DVPN_ALONE"] = "yes"
        reaper = ["bash", "-c", '"$@" & wait "$!"', "first"]  # (namespaces of machines end only when all that was in them is waited for)
        os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *reaper, sys.executable, *sys.argv])
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # (what a shell starts beside itself is deaf to them, and so would be all that we start)
    must("mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p", WORK, CGROUPS)
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", CGROUPS], capture_output=True, check=False)  # (new_cgroup looks whether it is there)
    must("ip link set lo up && ip link add internet type bridge && ip link set internet up")


def must(*words):
    """A shell command; the words after the first are taken as they are. What it said."""
    command = " ".join([words[0], *(shlex.quote(str(word)) for word in words[1:])])
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def until(what, condition, seconds=15.0):
    """Waits for a condition, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.05)
    return value


class Place:
    """Where commands can be run: a machine or a host."""

    def __init__(self, name):
        self.name = name
        self.inside = None  # the process whose namespaces it is

    def entering(self):
        raise NotImplementedError

    def run(self, command, seconds=60, text=""):
        """A shell command, with that on its standard input: how it ended (124: too late), and what it said on both outputs, in order."""
        try:
            done = subprocess.run([*self.entering(), "bash", "-c", command], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=seconds, env=CLEAN, check=False)
        except subprocess.TimeoutExpired as late:
            return 124, (late.stdout or b"").decode(errors="replace") + f"\n(not over after {seconds} s)\n"
        return done.returncode, done.stdout

    def must(self, command, seconds=60, text=""):
        code, said = self.run(command, seconds, text)
        if code != 0:
            raise RuntimeError(f"{self.name}# {command}: exit {code}\n{said}")
        return said

    def terminal(self, command, *steps):
        """A command on a terminal, with what a person sees and types there (tests/lab/lib/terminal), to its end: what was shown."""
        done = subprocess.run([TERMINAL, *steps, "--", *self.entering(), "bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=CLEAN, timeout=100, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}# {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, command, **more):
        return subprocess.Popen([*self.entering(), "bash", "-c", command], stdin=subprocess.DEVNULL, env=CLEAN, **more)

    def wire(self, device, address, to=None):
        """An interface with this address: on the Internet, or on a wire to another place's interface of that name."""
        if to is None:
            must(f"ip link add {device} netns {self.inside} type veth peer name {self.name} && ip link set {self.name} master internet up")
        else:
            must(f"ip link add {device} netns {self.inside} type veth peer name {to[1]} netns {to[0].inside}")
        must(f"nsenter -t {self.inside} -n sh -c 'ip link set lo up; ip link set {device} up && ip address add {address} dev {device}'")

    def route(self, router):
        must(f"nsenter -t {self.inside} -n ip route add default via {router}")


class Host(Place):
    """A host of a LAN."""

    def __init__(self, name):
        super().__init__(name)
        holder = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "sh", "-c", f"hostname {name} && mount -t tmpfs -o mode=700 tmpfs /root && exec sleep infinity"])
        self.inside = holder.pid
        until(f"{name}'s namespaces", lambda: pathlib.Path(f"/proc/{holder.pid}/comm").read_text().strip() == "sleep")

    def entering(self):
        return ["nsenter", "-t", str(self.inside), "-n", "-m", "-u", "--"]


class Machine(Place):
    """A machine with systemd. `wires` is called with it whenever its network is new: at first, and after each reboot.

    Where systemd does not boot, all machines have the stand-in (standin) from then on, and that is said."""
    stand_in = os.environ.get("DVPN_WITHOUT_SYSTEMD") == "yes"

    def __init__(self, name, wires):
        super().__init__(name)
        self.wires = wires
        self.folder = WORK / name
        self.root = self.folder / "root"
        self.network = self.first = self.cgroup = None
        self.pid = 0
        must("mkdir -p", self.folder)
        must("mount -t tmpfs tmpfs", self.folder)
        must("mkdir", self.folder / "upper", self.folder / "work", self.root)
        must("mount -t overlay overlay -o", f"lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work", self.root)
        must("sh", HERE / "fresh", self.root, name)

    def boot(self, seconds=20):
        self.network = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self.inside = self.network.pid
        until("a network", lambda: os.readlink(f"/proc/{self.inside}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.wires(self)
        if not Machine.stand_in:
            try:
                return self.begin("systemd", seconds)
            except RuntimeError as why:
                print(f"systemd does not boot here ({why}): what follows is with the stand-in for it, tests/walk/standin", flush=True)
                Machine.stand_in = True
                if self.first:
                    self.first.kill()
                    self.first.wait()
        for name in ("standin", "systemctl", "journalctl"):
            must("cp", HERE / "standin", self.root / "usr/local/sbin" / name)
        return self.begin("standin", seconds)

    def begin(self, what, seconds):
        enter = f"exec nsenter -t {self.inside} -n unshare --pid --mount --cgroup --uts --ipc --fork --kill-child"
        if what == "systemd":
            self.cgroup = new_cgroup(self.name)
            enter = f"echo $$ >{self.cgroup}/cgroup.procs && {enter}"
        self.first = subprocess.Popen(["sh", "-c", f"{enter} sh {HERE}/first {self.root} {self.name} {what}"], stdin=subprocess.DEVNULL)
        self.pid = until(f"{self.name}'s first process", self.first_process)
        until(f"{self.name} to boot", self.is_up, seconds)

    def first_process(self):
        self.see_that_it_runs()
        children = pathlib.Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def see_that_it_runs(self):
        if self.first.poll() is not None:
            raise RuntimeError(f"{self.name}: its first process ended with {self.first.returncode}")

    def is_up(self):
        self.see_that_it_runs()
        return self.run("systemctl is-system-running", 5)[1].strip() in ("running", "degraded") and self.run("systemctl is-active ssh", 5)[0] == 0

    def shut_down(self):
        """As a power switch that is pressed once: every unit is stopped."""
        self.run("systemctl poweroff", 10)
        self.first.wait(60)
        self.take_network()
        if self.cgroup:
            remove_cgroup(self.cgroup)

    def cut_power(self):
        """As a plug that is pulled."""
        os.kill(self.pid, signal.SIGKILL)  # (the first process: all others go with it)
        self.first.wait(60)
        self.take_network()

    def take_network(self):
        self.network.kill()
        self.network.wait()
        until("its wire to be gone", lambda: subprocess.run(["ip", "link", "show", self.name], capture_output=True, check=False).returncode != 0)

    def reboot(self):
        self.shut_down()
        self.boot()

    def entering(self):
        return ["nsenter", "-t", str(self.pid), "-a", "--"]


def new_cgroup(name):
    """One beside our own for a machine, since systemd takes what it is in for the whole tree."""
    if not CGROUPS.is_mount():
        raise RuntimeError("there is no cgroup2")
    own = next((line[3:].lstrip("/") for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")), "")
    for stale in (CGROUPS / own).glob("dvpn-machine-*"):
        remove_stale(stale)
    cgroup = CGROUPS / own / f"dvpn-machine-{name}-{uuid.uuid4()}"
    must("mkdir", cgroup)
    return cgroup


def remove_cgroup(cgroup):
    must(f"find {shlex.quote(str(cgroup))} -depth -type d -exec rmdir {{}} +")


def remove_stale(cgroup):
    """What an earlier program has left, since it ends with its machines. A young one may be somebody's who is about to go in."""
    try:
        if time.time() - cgroup.stat().st_mtime > STALE:
            for folder, _, _ in os.walk(cgroup, topdown=False):
                os.rmdir(folder)
    except OSError:
        pass  # (it is in use, or another program was quicker)
