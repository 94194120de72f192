# SPDX-License-Identifier: Apache-2.0
"""What a profile works with: the processes, the wire, the cores, and where rows go."""

import os
import sys
import time

import machine
import profiles
from children import AS_IT_ENDED, BenchError, Children
from result import PRODUCT, Row, blame, first_reason, inherited
from wire import Wire

HUGE_MEGABYTES = 560  # a relay (testpmd takes 256) and the generator beside it


def tell(text):
    """A line to standard error. A terminal that is gone is no reason to leave anything behind."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        pass


class Bench:
    """One run. Profiles get it and call row(); everything that they start ends with close()."""

    def __init__(self, result, folder, binaries, cores, quick):
        self.result, self.folder, self.binaries = result, folder, binaries
        self.quick = quick
        self.relay_core, self.generator_core = cores[:2]
        self.cores = cores
        self.children = Children(folder)
        self.huge = machine.HugePages(HUGE_MEGABYTES, folder)
        self.profile = None
        self.started = time.monotonic()
        self._wire = None

    # For profiles -------------------------------------------------------------------------------

    def pick(self, full, quick):
        """The value for a full run, or that for --quick."""
        return quick if self.quick else full

    def say(self, text):
        """One line of progress; for everything that takes over two seconds."""
        elapsed = time.monotonic() - self.started
        tell(f"[{elapsed:5.0f} s] {self.profile or 'start'}: {text}")

    def program(self, name):
        """The path of one of this checkout's programs."""
        path = os.path.join(self.binaries, name)
        if not os.access(path, os.X_OK):
            raise BenchError(f"{name} is not built")
        return path

    def path(self, name):
        """Where a socket or plan of the run may be written; goes away with it."""
        return os.path.join(self.folder, name)

    @property
    def huge_pages(self):
        return self.huge.usable

    def wire(self):
        """The veth pair; made when first asked for."""
        if self._wire is None:
            self._wire = Wire()
        return self._wire

    def drop_wire(self):
        """Throws the veth pair away: whoever asks for it next gets a fresh one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def row(self, name, value, peer=None, conditions="", void=None):
        """Adds a figure that the profile declares. peer: (name, value) or None; void: a reason,
        None, or several."""
        reasons = void if isinstance(void, (list, tuple)) else [void]
        unit, better = profiles.load(self.profile).ROWS[name]
        self.result.add(Row(name, value, unit, better,
                            {"name": peer[0], "value": peer[1]} if peer else None,
                            conditions, first_reason(*reasons)))

    def value(self, name):
        """The figure of an earlier profile of this run, or BenchError."""
        row = self.result.find(name)
        if row is None or row.value is None:
            raise BenchError(f"{name} was not measured in this run")
        return row.value

    def void(self, *names):
        """Why one of these earlier rows is void, or None: what stands on it is void as well."""
        for name in names:
            row = self.result.find(name)
            if row is not None and row.void:
                return inherited(name, row.void)
        return None

    def record(self, what, data):
        """Keeps a raw measurement for the JSON file."""
        self.result.measurements.append({"profile": self.profile, "what": what, **data})

    # For main -----------------------------------------------------------------------------------

    def end_profile(self):
        """Ends what the profile left running. A sentence when a process of it crashed, or None.
        When one crashed at work the rows are void; when its windows were over, only a process of
        the product's is a failure.
        """
        crashes = [{"profile": self.profile, **crash} for crash in self.children.stop()]
        self.result.crashes += crashes
        for crash in crashes:
            note = f" ({crash['note']})" if crash["note"] else ""
            self.say(f"CRASHED: {crash['process']}, process {crash['pid']}, {crash['how']}, "
                     f"{crash['when']}{note}")
        if not crashes:
            return None
        why = "; ".join(sorted({f"{crash['process']} crashed ({crash['how']}, {crash['when']})"
                                for crash in crashes}))
        if all(crash["when"] == AS_IT_ENDED for crash in crashes):
            return why if any(crash["process"] in PRODUCT for crash in crashes) else None
        for name in profiles.load(self.profile).ROWS:
            row = self.result.find(name)
            if row is not None:
                row.spoil(first_reason(row.void, blame(why)))
        return why

    def close(self):
        self.children.stop()
        if self._wire is not None:
            self._wire.close()
        self.huge.close()
        self.children.close()
