# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of the results: text, Markdown, JSON, plots."""
