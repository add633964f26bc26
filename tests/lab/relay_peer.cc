// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay_peer.h"

namespace dvpn::lab {

RelayPeer::RelayPeer(const Lab& lab, const std::string& from, const std::string& gateway)
    : site_(lab.site(from)),
      socket_(site_.path("run/forward-" + gateway + ".sock")),
      tunnel_(site_.gateway().start(
          "exec ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=" + site_.path("etc/known_hosts") +
          " -o IdentitiesOnly=yes -i " + site_.path("etc/id_ed25519") + " -N -L " + socket_ + ":/run/relay.sock dvpn@" + gateway)) {
  wait_until([&] { return run_here("test -S " + socket_).exit == 0; }, 10s, "ssh: " + tunnel_.err());
}

std::string RelayPeer::ask(const std::string& what) const {
  return site_.gateway().run(source_folder() + "/tests/lab/lib/ask " + socket_ + " " + what).out;
}

Process serve_udp(const Host& host, const std::string& address, int port) {
  const bool six = address.find(':') != std::string::npos;
  const std::string bind = six ? "UDP6-RECVFROM:" + std::to_string(port) + ",bind=[" + address + "]"
                               : "UDP4-RECVFROM:" + std::to_string(port) + ",bind=" + address;
  Process server = host.start("exec socat " + bind + ",fork SYSTEM:'read x; echo \"$SOCAT_PEERADDR $SOCAT_PEERPORT $x\"'");
  wait_until([&] { return !host.run("ss -Hlun 'src " + (six ? "[" + address + "]" : address) + " and sport = :" + std::to_string(port) + "'").out.empty(); },
             10s, "the server: " + server.err());
  return server;
}

}  // namespace dvpn::lab
