# SPDX-License-Identifier: GPL-2.0-or-later
"""What the walk knows about each thing that README says: where it is typed, what a person answers, and what has to come of it.

The words are README's own; here they are only what they are found by. A step is called with the Walk and the words, for each place in
README where they stand.
"""
import contextlib
import re
import shlex
import subprocess

from machine import until

EXAMPLES = "/usr/share/doc/dvpn/examples"


def both(*patterns, seconds=60):
    """At thursday as it stands there, and at friday with the names exchanged; what is said has to match."""
    def step(walk, said):
        for gateway, text in walk.at_both(said):
            walk.see(gateway.must(text, seconds), *patterns)
    return step


def at_thursday(*patterns):
    return lambda walk, said: walk.see(walk.thursday.gateway.must(said.text), *patterns)


def answered(*dialogue):
    """The same as both(), on a terminal."""
    def step(walk, said):
        for gateway, text in walk.at_both(said):
            gateway.terminal(text, *dialogue)
    return step


def watched(steps, *patterns):
    """On thursday's terminal, until a key ends it."""
    return lambda walk, said: walk.see(walk.thursday.gateway.terminal(said.text, *steps), *patterns)


def elsewhere(walk, said):
    """Programs of the source folder that are tests by themselves: that they are there, and can be run."""
    walk.see(walk.source(f"test -x {shlex.quote(said.text.split()[0])} && echo there"), "there")


def init(walk, said):
    for gateway, text in walk.at_both(said):
        if gateway.run("test -e /etc/dvpn/dvpnd.yaml")[0] == 0:
            walk.see(gateway.must(text), "everything is there already, nothing was changed")
        else:
            rules = gateway.must("iptables-save; ip6tables-save")
            shown = gateway.terminal(text, "see:Set the site up like this? [Y/n]", "key:\n")
            walk.see(shown, "made: /etc/dvpn/dvpnd.yaml", "no firewall rule changed", "exit 0")
            walk.same(gateway.must("iptables-save; ip6tables-save"), rules)


def leaf(walk, said):
    gateway, _ = walk.pair(said.machine)
    nobody_calls = ["see:(nothing: to be said later)?", "key:\n"] if said.machine == "laptop" else []
    walk.see(gateway.terminal(said.text, *nobody_calls, "see:Set the site up like this? [Y/n]", "key:\n"), "made: /etc/dvpn/dvpnd.yaml", "exit 0")
    gateway.must("sshd -t && systemctl reload ssh")  # (what README says before)


def there(*patterns):
    """At the machine that README names."""
    return lambda walk, said: walk.see(walk.pair(said.machine)[0].must(said.text), *patterns)


def leaf_fetches(walk, said):
    server, client = walk.pair("server")
    server.start(f"PAGE='the page of server' exec socat TCP-LISTEN:80,bind=10.0.99.1,reuseaddr,fork EXEC:/root/page")
    until("the server's page", lambda: ":80 " in server.run("ss -Hltn")[1])
    walk.see(client.must(said.text), "the page of server")
    until("the flow's line", lambda: re.search(r"flow .*10\.0\.99\.1:80.* end=done", client.must("dvpn log")))
    for gateway in (server, client):
        walk.see(gateway.run("dvpn check")[1], "^ok +rules")


def keep(walk, said):
    gateway = walk.thursday.gateway
    gateway.must(said.text)
    gateway.must("iptables -t filter -F && iptables -t nat -F")
    until("the rules to be back", lambda: gateway.run("dvpn-rules check")[0] == 0)


def export(walk, said):
    gateway, other = walk.pair(said.machine)
    walk.see(gateway.must(said.text), "SHA256:")
    name = said.text.split()[-1]
    other.must(f"cat >{name}", text=gateway.must(f"cat {name}"))  # (it is sent)


def peer_add(walk, said):
    gateway, _ = walk.pair(said.machine)
    walk.see(gateway.terminal(said.text, "see:[y/N]", "key:y\n"), "exit 0")


def account(walk, said):
    """(the block is there from before)"""
    walk.see(walk.thursday.gateway.must(f"{said.text} --dry-run friday.peer"), "account friday")


def table_line(walk, said):
    """It is what peer add wrote, but for the space between the words."""
    lines = [line.split() for line in walk.thursday.gateway.must("cat /etc/dvpn/hosts").splitlines()]
    if re.sub(r"#! *", "#! ", said.text).split() not in [re.sub(r"#! *", "#! ", " ".join(line)).split() for line in lines]:
        walk.fail(f"not a line of thursday's table: {lines}")


def remove(walk, said):
    gateway = walk.thursday.gateway
    other = "ip rule; ip route; ip -6 route; ipset list; iptables -S"
    gateway.must("iptables -A INPUT -s 192.0.2.1 -j DROP")
    before = gateway.must(other)
    gateway.must("dvpn-rules install")
    walk.see(gateway.must(said.text), "removed")
    walk.same(gateway.must(other), before)
    walk.see_not(gateway.must("iptables-save; ip6tables-save"), "DVPN")


def enable(walk, said):
    for gateway, text in [(walk.pair(said.machine)[0], said.text)] if said.machine else walk.at_both(said):
        gateway.must(text)
        for unit in text.split()[3:]:
            walk.see(gateway.must(f"systemctl is-active {unit}; systemctl is-enabled {unit}"), "^active\nenabled$")


def check(walk, said):
    for gateway, text in walk.at_both(said):
        walk.see(gateway.must(text), "0 failed", "logged in, its relay answers", "rules, sets and routes are what", "packets are forwarded")


def ssh(walk, said):
    shown = walk.thursday.desk.terminal(said.text, "see:(yes/no", "key:yes\n", "see:# ", "key:echo I came from $SSH_CONNECTION; exit\n")
    walk.see(shown, r"I came from 10\.0\.33\.1 \d+ 10\.0\.33\.5 22", "exit 0")


def page(walk, said):
    walk.see(walk.thursday.desk.must(said.text), "the page of desk.friday")


@contextlib.contextmanager
def a_flow(walk):
    client = walk.thursday.desk.start("exec 3<>/dev/tcp/10.0.33.5/22; read -u 3 line; exec sleep 60")
    try:
        yield
    finally:
        client.kill()
        client.wait()


def flows(walk, said):
    with a_flow(walk):
        until("the flow to be shown", lambda: "10.0.33.5:22" in walk.thursday.gateway.must(said.text))


def top(walk, said):
    with a_flow(walk):
        walk.thursday.gateway.terminal(said.text, "see:10.0.33.5:22", "key:q")


def journal(walk, said):
    until("the page's line", lambda: re.search(r"flow .*10\.0\.33\.9:80.* end=done", walk.thursday.gateway.must(said.text)))


def map_set(walk, said):
    gateway = walk.thursday.gateway
    walk.see(gateway.must(f"{said.text} --dry-run"), "saturday")
    walk.see_not(gateway.must("dvpn map list"), "10.0.34.0/24")
    gateway.must(said.text)
    until("the new line to be in force", lambda: "no host key" in (why := gateway.run("dvpn why 10.0.34.1:22")[1]) or "pinned" in why, 5)
    gateway.must("dvpn map remove saturday")  # (there is none, which status would say)
    until("the old table to be in force", lambda: re.search(r"table .*: 1 route", gateway.run("dvpn status")[1]), 5)


def metrics(walk, said):
    setting(walk, said)
    until("metrics", lambda: "dvpn_flows" in walk.thursday.gateway.run("curl -s http://127.0.0.1:9469/metrics")[1])


def web(walk, said):
    setting(walk, said)
    until("the page", lambda: "<html" in walk.thursday.gateway.run("curl -s http://127.0.0.1:9470/")[1])


def web_meanwhile(walk, said):
    """At friday, whose daemon serves no page."""
    gateway = walk.friday.gateway
    server = gateway.start(f"exec {said.text}", stdout=subprocess.DEVNULL)
    try:
        until("the page", lambda: "<html" in gateway.run("curl -s http://127.0.0.1:9470/")[1])
    finally:
        server.kill()


def setting(walk, said):
    gateway = walk.thursday.gateway
    gateway.must("cat >>/etc/dvpn/dvpnd.yaml && systemctl restart dvpnd", text=said.text + "\n")


def forwarded(walk, said):
    """From a desk, which knows the gateway by that name."""
    desk = walk.thursday.desk
    desk.must("printf 'Host gateway\\nHostName 10.0.32.1\\nStrictHostKeyChecking accept-new\\n' >/root/.ssh/config")
    client = desk.start(f"exec {said.text} -N", stderr=subprocess.DEVNULL)
    try:
        until("the page through ssh", lambda: "<html" in desk.run("curl -s http://127.0.0.1:9470/")[1])
    finally:
        client.kill()


def names(walk, said):
    gateway = walk.thursday.gateway
    gateway.must("mkdir -p /etc/dnsmasq.d")  # (the package dnsmasq has it, and a unit)
    walk.see(gateway.must(said.text), "made: /etc/dnsmasq.d/dvpn.conf")
    gateway.must("dnsmasq --conf-file=/dev/null --conf-dir=/etc/dnsmasq.d --listen-address=10.0.32.1 --bind-interfaces --no-resolv --pid-file=/run/dnsmasq.pid")
    until("the name", lambda: "10.0.33.1" in walk.thursday.desk.run("dig +short +time=1 +tries=1 friday @10.0.32.1")[1])


COMMANDS = {
    "tests/lab/demo": elsewhere,
    "tests/run": elsewhere,
    "tests/install-packages tests/packages.txt tests/package/packages.txt": lambda walk, said: walk.packages(said),
    "dpkg-buildpackage -b -us -uc && apt install ../dvpn_*.deb": lambda walk, said: walk.install(said),
    "dvpn init": init,
    "sshd -t && systemctl reload ssh": both(),
    "dvpn peer export > thursday.peer": export,
    "dvpn peer export > friday.peer": export,
    "dvpn peer add friday.peer": peer_add,
    "dvpn peer add thursday.peer": peer_add,
    "dvpn peer add --account friday": account,
    "dvpn-rules show --wanted": both("DVPN_WAN .*-j DROP", "DVPN_WAN .*--dport 22 -j RETURN"),
    "dvpn-rules remove": remove,
    "cp /usr/share/doc/dvpn/examples/sysctl.d/dvpn.conf /etc/sysctl.d/ && sysctl --system": both(r"^net\.ipv4\.ip_forward = 1$"),
    "systemctl enable --now dvpn-rules dvpn-relay dvpnd": enable,
    "dvpn check": check,
    "ssh 10.0.33.5": ssh,
    "curl http://10.0.33.9/": page,
    "dvpn flows": flows,
    "journalctl -u dvpnd": journal,
    "dvpn gateways": at_thursday("203.0.113.9"),
    "dvpn why 10.0.33.9:445": at_thursday("would be carried"),
    "dvpn map set 10.0.34.1 saturday 203.0.113.11": map_set,
    "dvpn reload": both(),
    "dvpn status": at_thursday(r"203\.0\.113\.9 +up", "rules +in place"),
    "dvpn top": top,
    "dvpn flows --from 10.0.32.0/24 --port 445 --watch": watched(["see:flows", "key:\x03"]),
    "dvpn log -f": watched(["see:end=done", "key:\x03"]),
    "dvpn web --listen 127.0.0.1:9470": web_meanwhile,
    "ssh -L 9470:127.0.0.1:9470 gateway": forwarded,
    "dvpn init --dnsmasq": names,
    "dvpn init --leaf --network 10.0.99.1/32": leaf,
    "dvpn init --leaf --network 10.0.99.2/32": leaf,
    "ip address add 10.0.99.1/32 dev lo": there(),
    "dvpn peer export > server.peer": export,
    "dvpn peer add server.peer": peer_add,
    "dvpn peer export --gateway laptop.invalid > laptop.peer": export,
    "dvpn peer add laptop.peer": peer_add,
    "dvpn map remove laptop": there(),
    "systemctl enable --now dvpn-rules dvpnd": enable,
    "curl http://10.0.99.1/": leaf_fetches,
    "systemctl enable --now dvpn-rules-keep": keep,
    "dvpn-rules install": at_thursday("installed"),
    "firewall-cmd --permanent --zone=trusted --add-interface=eth1": lambda walk, said: None,  # (tests/walk/firewalls has the real one)
}
TABLE = {"10.0.33.1 friday #! 203.0.113.9 10.0.33.0/24": table_line}
SETTINGS = {"metrics: {listen: 127.0.0.1:9469}": metrics, "web: {listen: 127.0.0.1:9470}": web}
AGAIN = {init}  # what README says of the second time is tried as well; of other things the first time says enough
