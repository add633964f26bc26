# shellcheck shell=bash disable=SC2154 # (variables of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# What other programs do to our rules, and putting them back. (Sourced by dvpn-rules.)
#
# firewalld empties every table whenever it starts, stops or reads its files again; Docker puts its own rules before ours; scripts begin
# with `iptables -F`. None of them tells anybody in a way that all have, so we look. Should somebody change them again and
# again on purpose, we do not fight for the last word more than so often.

readonly LOOK=1        # seconds from one look to the next
readonly MOST_OFTEN=10 # repairs in a minute
readonly GIVE_WAY=60   # seconds until the next look after so many, or after one that failed

# imprint: our chains and rules in their order, at which place others lead to them, and our routing rules, which systemd-networkd takes away when
# it starts again. Two programs a family, whatever the size of the table.
imprint() {
  local family
  for family in "${families[@]}"; do
    ipt "$family" -save 2>/dev/null | awk -v family="$family" '
      /^\*/ { table = family " " $0 }
      /^:DVPN_/ { print table, $1 }
      /^-A / { n[table $2]++; if (/^-A DVPN_/ || / -[jg] DVPN_/) print table, $2, n[table $2], $0 }'
    policy_now "$family" | sed 's/ \[detached\]//'
  done | sort
}

# as_wanted OPTION...: the imprint of what install would put in place by now. (In processes of its own: it reads the configuration anew.)
as_wanted() { "$BASH" "$self" "$@" imprint; }

# do_keep OPTION...: unbounded: ended by a signal, which leaves the rules in place.
do_keep() {
  local wanted=none repairs=() wait now
  while true; do
    wait=$LOOK
    now=$(imprint)
    if [[ $now != "$wanted" ]]; then
      # (also when the configuration has changed and somebody has installed its rules: to do that again changes nothing)
      [[ $wanted == none ]] || note 'the rules have changed: they are put in place'
      repairs+=("$SECONDS")
      if ! "$BASH" "$self" "$@" install; then
        wanted=none wait=$GIVE_WAY
      elif [[ $(imprint) != "$wanted" ]]; then # (not taken for what is wanted as it is: somebody may be at it already)
        wanted=$(as_wanted "$@") || wanted=none wait=$GIVE_WAY
      fi
      while ((${#repairs[@]} && repairs[0] + 60 <= SECONDS)); do repairs=("${repairs[@]:1}"); done
      if ((${#repairs[@]} >= MOST_OFTEN)); then
        note "that was ${#repairs[@]} times in a minute: looking again in $GIVE_WAY seconds"
        wait=$GIVE_WAY
      fi
    fi
    sleep "$wait"
  done
}
