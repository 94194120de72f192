# SPDX-License-Identifier: Apache-2.0
"""What a run found: rows, and the raw measurements behind them.

A row without a usable figure says why in `void`. Whose doing it was stands at the front of that
text: OURS for the product's own (it counts as a missed target), THEIRS for the peer's, nothing
for the machine's and the generator's.
"""

import dataclasses
import json

LOWER, HIGHER = "lower", "higher"
OURS, THEIRS = "failed: ", "peer: "
# Children that are ours.
PRODUCT = ("trunkline", "trunkline-fastpath", "trunkline-sessions", "trunkline-tenancy", "self-load")
CEILING_FACTOR = 1.2  # a generator that could not send this much more may itself be the limit


@dataclasses.dataclass
class Row:
    """One figure. `peer` is {"name", "value"} of who was measured beside it, or None; `void` is
    None, or the sentence that says why the figure may not be used. A failed row has no value."""

    name: str
    value: float | None
    unit: str
    better: str
    peer: dict | None = None
    conditions: str = ""
    void: str | None = None

    def __post_init__(self):
        if self.better not in (LOWER, HIGHER):
            raise ValueError(f"{self.name}: better is {self.better}")
        if self.value is None and self.void is None:
            raise ValueError(f"{self.name}: neither a value nor a reason why there is none")
        self.spoil(self.void)

    def spoil(self, void):
        """Makes a void row of it, for this reason or None; a failed one loses its value."""
        self.void = void
        if self.failed:
            self.value = None

    @property
    def failed(self):
        """The product did wrong, or could not be measured because of it."""
        return self.void is not None and self.void.startswith(OURS)

    @property
    def remark(self):
        """What the table says beside the figure."""
        if self.failed:
            return "FAILED: " + self.void.removeprefix(OURS)
        return f"VOID: {self.void}" if self.void else self.conditions


def ceiling_void(ceiling, result):
    """Why a result is void because of what produced the load, or None. Any unit, but the same."""
    if ceiling >= CEILING_FACTOR * result:
        return None
    return (f"the generator's ceiling of {ceiling:,.0f} is below {CEILING_FACTOR} x the result "
            f"({result:,.0f})")


def first_reason(*reasons):
    """The first of several void reasons that is one, or None. The product's own come first: no
    machine excuses them."""
    known = [reason for reason in reasons if reason]
    return next((reason for reason in known if reason.startswith(OURS)),
                known[0] if known else None)


def blame(why):
    """A reason, or several with "; " between them, as void text: ours when one of our programs said
    it, or crashed."""
    ours = any(part.startswith(PRODUCT) for part in why.split("; "))
    return OURS + why if ours else why


def not_measured(why):
    """The void text of rows that an error kept from being made."""
    text = blame(why.splitlines()[0][:200])
    front = OURS if text.startswith(OURS) else ""
    return f"{front}not measured: {text.removeprefix(front)}"


def inherited(name, void):
    """The void text of a row that stands on the void row `name`: whose doing it was is kept."""
    for front in (OURS, THEIRS):
        if void.startswith(front):
            return f"{front}{name}: {void.removeprefix(front)}"
    return f"{name} is void: {void}"


class Result:
    """Collects rows in the order in which they were found."""

    def __init__(self, machine):
        self.machine = machine
        self.rows = []
        self.measurements = []  # {"profile", "what", ...}: every percentile stands here
        self.profiles = {}  # name -> {"seconds", "error"}
        self.crashes = []  # {"profile", "process", "pid", "how", "when", "note", "said"}

    def add(self, row):
        if self.find(row.name) is not None:
            raise ValueError(f"{row.name} was found twice")
        self.rows.append(row)

    def find(self, name):
        return next((row for row in self.rows if row.name == name), None)

    def to_json(self, judge):
        """The whole result as text. judge(row) gives (bound as text, verdict)."""
        targets = []
        for row in self.rows:
            bound, verdict = judge(row)
            if bound:
                targets.append({"name": row.name, "target": bound, "verdict": verdict})
        return json.dumps(
            {"machine": self.machine, "rows": [dataclasses.asdict(row) for row in self.rows],
             "targets": targets, "profiles": self.profiles, "crashes": self.crashes,
             "measurements": self.measurements}, indent=1, allow_nan=False) + "\n"
