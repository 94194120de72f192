# SPDX-License-Identifier: Apache-2.0
"""One aligned table of rows."""

HEADS = ("name", "value", "unit", "target", "", "beside it", "conditions")
RIGHT = {1}


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


def _cells(row, judge):
    bound, verdict = judge(row)
    peer = f"{row.peer['name']} {figure(row.peer['value'])}" if row.peer else ""
    return (row.name, figure(row.value), row.unit, bound, verdict, peer, row.remark)


def render(rows, judge):
    """The table as text. judge(row) gives (bound as text, verdict)."""
    lines = [HEADS] + [_cells(row, judge) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    out = []
    for line in lines:
        cells = [cell.rjust(width) if i in RIGHT else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        out.append("  ".join(cells).rstrip())
    out.insert(1, "-" * max(len(line) for line in out))
    return "\n".join(out) + "\n"
