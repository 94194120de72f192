# SPDX-License-Identifier: Apache-2.0
"""One aligned table of rows; what was beside them and their conditions stand under each."""

import dataclasses
import textwrap

HEADS = ("name", "value", "unit", "target", "verdict")
RIGHT = {1}
WIDTH, INDENT = 100, "    "
VERDICTS = ("met", "missed", "failed", "void")
DIGITS = 9  # at most, behind the point


def figure(value):
    """A number with the digits that matter, or "-"."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.1 or size == 0:
        return f"{value:.2f}"
    return f"{value:.2g}"


def judged_figure(row, judge):
    """figure() of the row, with as many more digits as it takes to bear out the verdict."""
    text = figure(row.value)
    if row.value is None:
        return text
    for digits in range(len(text.partition(".")[2]) + 1, DIGITS + 1):
        shown = dataclasses.replace(row, value=float(text.replace(",", "")))
        if judge(shown)[1] == judge(row)[1]:
            break
        text = f"{row.value:,.{digits}f}"
    return text


def _remarks(row, before):
    """What stands under a row. A reason that the row before has as well is not said again."""
    if row.void:
        return "" if before is not None and before.void == row.void else row.remark
    peer = f"beside it {row.peer['name']} {figure(row.peer['value'])}" if row.peer else ""
    return "; ".join(filter(None, (peer, row.conditions)))


def tally(rows, judge):
    """How many targets were met and missed, and how many rows are void."""
    verdicts = [judge(row)[1] for row in rows]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in VERDICTS)


def wrapped(text, indent=""):
    """The text in lines of the table's width."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent,
                         break_on_hyphens=False)


def render(rows, judge):
    """The table as text. judge(row) gives (bound as text, verdict)."""
    cells = [HEADS] + [(row.name, judged_figure(row, judge), row.unit, *judge(row))
                       for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADS))]
    out = []
    for row, before, line in zip([None, *rows], [None, None, *rows], cells):
        padded = [cell.rjust(width) if i in RIGHT else cell.ljust(width)
                  for i, (cell, width) in enumerate(zip(line, widths))]
        out.append("  ".join(padded).rstrip())
        out += ["-" * WIDTH] if row is None else wrapped(_remarks(row, before), INDENT)
    return "\n".join(out) + "\n"
