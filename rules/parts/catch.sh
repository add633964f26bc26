# shellcheck shell=bash disable=SC2154,SC2086 # (variables and numbers of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The tables raw and nat: which TCP the VPN carries, held in the queue and redirected to the daemon. (Sourced by dvpn-rules.)

# own_accounts CHAIN: what carries everything else is never caught itself.
own_accounts() {
  local account; for account in $daemon_account $relay_account; do echo "-A $1 -m owner --uid-owner $account -j RETURN"; done
  echo "-A $1 -m owner --gid-owner $peers_group --suppl-groups -j RETURN"
}

nat_rules() {
  local family=$1 i source=''
  # DVPN_CATCH redirects what the VPN carries: from LAN interfaces and the gateway itself, never from elsewhere.
  [[ $gate == hold ]] && echo "-A DVPN_CATCH $(marked $REFUSED $REFUSED) -j RETURN"
  echo '-A DVPN_CATCH -m addrtype --dst-type LOCAL -j RETURN'
  [[ $reject_smb == yes ]] && echo '-A DVPN_CATCH -p tcp -m tcp --dport 445 -j RETURN'
  echo "-A DVPN_CATCH -p tcp -m set --match-set $set$family dst -j REDIRECT --to-ports $port"
  for i in "${lan[@]}"; do echo "-A DVPN_PRE -i $i -p tcp -j DVPN_CATCH"; done
  # Client sources (mangle.sh): marked here, since this table sees the first packet of a connection alone.
  echo "-A DVPN_OUT -m owner --uid-owner $relay_account -m addrtype ! --src-type LOCAL -j CONNMARK --set-xmark $(bits $OURS $OURS)"
  own_accounts DVPN_OUT
  echo '-A DVPN_OUT -p tcp -j DVPN_CATCH'
  [[ $masquerade == yes ]] || return 0
  ((family == 6)) && source='-s fc00::/7 ' # global addresses of the LAN need none
  for i in "${wan[@]}"; do
    echo "-A DVPN_POST $source-o $i -m set ! --match-set $set$family dst -m addrtype ! --src-type LOCAL -j MASQUERADE"
  done
}

# beyond_its_rate: the match for first packets of an address that has sent too many of late. Half a second's worth may come at once.
# Addresses are whole in both families: the /64 of a LAN is everybody's. The kernel keeps a table by its name as it was made, as long as
# any rule has it: so the name says what may change. It forgets an address two or three seconds after its last packet, and
# drops those of new ones while the table is full.
beyond_its_rate() {
  local -r burst=$(((new_per_client + 1) / 2))
  echo "-m hashlimit --hashlimit-above $new_per_client/sec --hashlimit-burst $burst --hashlimit-mode srcip" \
    "--hashlimit-name dvpn-$new_per_client --hashlimit-htable-size 16384 --hashlimit-htable-max 131072 --hashlimit-htable-expire 2000"
}

# ignored: how many that were, since the rules were installed.
ignored() {
  local family
  for family in "${families[@]}"; do ipt "$family" -save -c -t raw 2>/dev/null; done |
    awk '/-A DVPN_HOLD .* --hashlimit-name / { n += substr($1, 2) } END { print n + 0 }'
}

# unsure_reset: the match for the kernel's word that it does not know a connection to the daemon (a reset without an acknowledgement;
# a connection that is reset has one), the first time it is said to an address and port within a minute. The kernel may say it of one that was made
# in the same instant: while one processor makes the socket of a connection, another that handles its next packet sees neither the one that asks
# nor the one that is made. The gate makes that likely, since a held SYN goes on on another processor than its client's. What is true is said again,
# to the client's next try.
unsure_reset() {
  echo "-p tcp -m tcp --sport $port --tcp-flags RST,ACK RST -m hashlimit --hashlimit-upto 1/min --hashlimit-burst 1" \
    "--hashlimit-mode dstip,dstport --hashlimit-name dvpn-unsure --hashlimit-htable-size 1024 --hashlimit-htable-max 16384 --hashlimit-htable-expire 60000"
}

# Every packet of the machine comes by here, before its connection is known: so the cheap tests first.
raw_rules() {
  local family=$1 i
  local -r first="-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set $set$family dst"
  for i in "${lan[@]}"; do echo "-A DVPN_PRE -i $i $first -j DVPN_HOLD"; done
  echo "-A DVPN_OUT $first -j DVPN_OWN"
  # (here, since further on it would end the connection for conntrack)
  echo "-A DVPN_OUT $(unsure_reset) -j DROP"
  # What is refused and was not rejected, because somebody has flushed the table filter, comes back by lo; from there it would leave.
  ((family == 6)) || echo "-A DVPN_PRE -i lo -p tcp $(marked $REFUSED $REFUSED) -m addrtype ! --dst-type LOCAL -j DROP"
  own_accounts DVPN_OWN
  echo '-A DVPN_OWN -j DVPN_HOLD'
  echo '-A DVPN_HOLD -m addrtype --dst-type LOCAL -j RETURN'
  [[ $reject_smb == yes ]] && echo '-A DVPN_HOLD -p tcp -m tcp --dport 445 -j RETURN'
  ((new_per_client)) && echo "-A DVPN_HOLD $(beyond_its_rate) -j DROP"
  echo "-A DVPN_HOLD -j NFQUEUE --queue-num $queue --queue-bypass"
}
