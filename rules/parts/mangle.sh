# shellcheck shell=bash disable=SC2154,SC2086,SC2153 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The table mangle: packets for the relay that have a client's address. (Sourced by dvpn-rules.)

# Client sources. PREROUTING: answers from the site's hosts; OUTPUT: the relay's own packets, and this machine's answers.
# What comes back is no new connection, so nothing that catches those sees it.
mangle_rules() {
  local -r ours=$(bits $OURS $OURS)
  local -r back="-m connmark --mark $ours -m conntrack --ctdir REPLY -j MARK --set-xmark $ours"
  echo "-A DVPN_PRE $back"
  echo "-A DVPN_OUT -m conntrack --ctstate NEW --ctdir ORIGINAL -m owner --uid-owner $relay_account -m addrtype ! --src-type LOCAL -j CONNMARK --set-xmark $ours"
  echo "-A DVPN_OUT $back"
}
