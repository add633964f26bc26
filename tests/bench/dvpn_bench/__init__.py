# SPDX-License-Identifier: GPL-2.0-or-later
"""The bench: dvpn beside what people use instead, in one lab and one run. See DESIGN.md's entry and `run --help`.

cli          options, the order of things, cleaning up
prepare      packages, build, limits
lab          the network namespaces, through tests/lab/lab
topology     which sites there are and which addresses belong to whom
processes    CPU time and memory of the processes in namespaces
load         the load generator: one run, calibration
results      every figure by metric, peer and round; medians, spreads, ratios
schedule     interleaves the peers, round by round
peers/       one file a peer: start, stop, where it is reached
measures/    one file a measure: what is run and which figures come out
targets      what dvpn is to reach
report/      text, Markdown, JSON, plots
"""
