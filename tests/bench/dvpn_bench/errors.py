# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong, by what follows from it."""


class BenchError(Exception):
    """The bench cannot go on; the text says what to do about it."""


class Stopped(BaseException):
    """By a signal. What was measured until then is reported."""


class Failed(Exception):
    """One peer or one run of a peer failed; the text is the reason that the report gives."""
