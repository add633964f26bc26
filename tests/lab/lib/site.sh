# shellcheck shell=bash disable=SC2154 # (variables of topology.sh and lab)
# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed at a site: keys, table, configuration, gaol, sshd, rules, relay and daemon. (Sourced by `lab`.)
# Everything of site a is under STATE/a: etc/ as /etc/dvpn would be, gaol/, run/, log/, sshd/.

install_site() {
  local site=$1 dir=$state/$1
  mkdir -p "$dir"/{etc,run,log,sshd/sshd_config.d}
  # (the daemon's own account makes its control socket there)
  run in_ns "$site.gw" chown dvpnd "$dir/run"
  for key in "$dir/etc/id_ed25519" "$dir/sshd/host_key"; do
    [[ -e $key ]] || run ssh-keygen -q -t ed25519 -N '' -C "$site" -f "$key"
  done
  run in_ns "$site.gw" chown dvpnd "$dir/etc/id_ed25519"
  cat >"$dir/sshd/sshd_config" <<END
Include $dir/sshd/sshd_config.d/*.conf
Port 22
HostKey $dir/sshd/host_key
PidFile none
UsePAM no
LogLevel VERBOSE
Subsystem sftp internal-sftp
END
  chroot_of "$site" build >"$dir/log/chroot.log" || die "dvpn-chroot at $site: $(<"$dir/log/chroot.log")"
  daemon_config "$site" >"$dir/etc/dvpnd.yaml"
  relay_config "$site" >"$dir/etc/relay.yaml"
}

chroot_of() {
  local site=$1 dir=$state/$1; shift
  in_ns "$site.gw" "$source/chroot/dvpn-chroot" --gaol "$dir/gaol" --keys "$dir/etc/authorized_keys.d" \
    --sshd-config "$dir/sshd/sshd_config" --dropin "$dir/sshd/sshd_config.d/00-dvpn.conf" "$@" 2>&1
}

# list WORD...: as YAML.
list() { local text; text=$(printf '"%s", ' "$@"); echo "[${text%, }]"; }

daemon_config() {
  local site=$1 dir=$state/$1 all
  read -ra all <<<"${networks[$site]}"
  cat <<END
site:
  networks: $(list "${all[@]}")
  lan: $(if [[ ${lan[$site]} == no ]]; then echo '[]'; else echo '[lan0]'; fi)
  wan: [wan0]
table: $dir/etc/hosts
ssh:
  keys: [$dir/etc/id_ed25519]
  known_hosts: $dir/etc/known_hosts
rules:
  role: ${role[$site]}
  masquerade: ${masquerade[$site]}
  reject_smb: ${reject_smb[$site]}
control:
  socket: $dir/run/control.sock
END
}

relay_config() {
  local site=$1 all
  read -ra all <<<"${networks[$site]}"
  printf 'networks: %s\ngaol: %s\n' "$(list "${all[@]}")" "$state/$site/gaol"
}

# join_sites [SITE...]: keys for everybody, host keys pinned by the WAN address, one table for all, names for every
# namespace. Without names, all sites.
join_sites() {
  local site other one table='' pins='' n
  (($#)) || set -- "${sites[@]}"
  for site; do
    for one in ${wan[$site]}; do pins+="$one $(cut -d' ' -f1,2 "$state/$site/sshd/host_key.pub")"$'\n'; done
    table+=$(table_of "$site")$'\n'
  done
  for site; do
    printf '%s' "$table" >"$state/$site/etc/hosts"
    printf '%s' "$pins" >"$state/$site/etc/known_hosts"
    for other; do [[ $other == "$site" ]] || cat "$state/$other/etc/id_ed25519.pub"; done \
      >"$state/$site/etc/authorized_keys.d/dvpn"
  done
  for n in $(namespaces); do
    { printf '127.0.0.1 localhost\n::1 localhost\n'; printf '%s' "$table"; } >"/etc/netns/$n/hosts"
  done
}

# table_of SITE: its lines of the hosts-style table. Prefixes go to the gateway's address of their own family if it has one.
table_of() {
  local site=$1 family all gateway here one i
  for family in 4 6; do
    # shellcheck disable=SC2046,SC2086 # lists of words
    here=$(of_family $family ${networks[$site]}) gateway=$(of_family $family ${wan[$site]} | head -n1)
    [[ -n $here ]] || continue
    [[ -n $gateway ]] || gateway=${wan[$site]%% *}
    [[ $gateway == *:* ]] && gateway="[$gateway]:22"
    one=${here%%$'\n'*} all=${here//$'\n'/ }
    echo "$(address "$one" 1) gw.$site #! $gateway $all"
    for ((i = 1; i <= ${hosts[$site]}; i++)); do echo "$(address "$one" $((i + 1))) h$i.$site"; done
  done
}

# start_program SITE LOG LINE COMMAND...: ready when it has logged another such line; an earlier one may have as well.
start_program() {
  local site=$1 log=$state/$1/log/$2.log line=$3 before; shift 3
  before=$(lines_with "$line" "$log")
  start_in "$site.gw" "$log" "$@"
  until_true 10 "$1 of $site (see $log)" another_line "$line" "$log" "$before"
}
lines_with() { grep -c -- "$1" "$2" 2>/dev/null || true; }
another_line() { (($(lines_with "$1" "$2") > ${3:-0})); }

start_sshd() {
  mkdir -p /run/sshd
  start_program "$1" sshd 'Server listening on' /usr/sbin/sshd -D -e -f "$state/$1/sshd/sshd_config"
}

install_rules() {
  local said
  said=$(in_ns "$1.gw" "$source/rules/dvpn-rules" -c "$state/$1/etc/dvpnd.yaml" --dvpnd "$dvpnd" install 2>&1) ||
    die "dvpn-rules at $1: $said"
}

start_relay() { start_program "$1" relay 'serving on' "$relay" -c "$state/$1/etc/relay.yaml"; }
# (DVPN_LAB_PRELOAD: see descriptor_guard.cc)
start_daemon() { start_program "$1" dvpnd 'dvpnd .* ready: ' env LD_PRELOAD="${DVPN_LAB_PRELOAD-}" "$dvpnd" -c "$state/$1/etc/dvpnd.yaml"; }
