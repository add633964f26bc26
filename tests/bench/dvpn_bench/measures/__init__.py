# SPDX-License-Identifier: GPL-2.0-or-later
"""All measures, in the order of the report."""
from . import bulk, connect, cpu, first_byte, gate, idle, keystroke, table

ALL = [bulk, connect, gate, first_byte, keystroke, idle, cpu, table]
BY_NAME = {measure.NAME: measure for measure in ALL}
