# shellcheck shell=bash disable=SC2154,SC2034 # (variables of dvpn-rules and its other parts)
# SPDX-License-Identifier: GPL-2.0-or-later
# The field of marks that is ours, and what it may say. (Sourced by dvpn-rules.)

# What the field of marks that is ours may say. The daemon's verdicts on a held packet (src/intercept/verdict.h): a bit for
# "refused", and with what. On connections of client sources and what comes back on them: a bit for "for this machine"; on a
# datagram that is caught, that bit and one more.
readonly REFUSED=8 RESET=8 HOST_UNREACHABLE=9 NETWORK_UNREACHABLE=10 PROHIBITED=11
readonly OURS=4 CAUGHT=5
readonly PASSES=2 # by the second stop: what is answered by the rules for forwarded packets (mangle.sh)
# bits VALUE [BITS]: VALUE/MASK for that value, in those bits of the field or in all of it.
bits() { printf '0x%x/0x%x' $(((mark & -mark) * $1)) $(((mark & -mark) * ${2:-15})); }
# refuses: whether packets are marked as refused: by the daemon, or because they are SMB.
refuses() { [[ $gate == hold || $reject_smb == yes ]]; }
marked() { printf -- '-m mark --mark '; bits "$@"; }
