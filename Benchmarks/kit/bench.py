# SPDX-License-Identifier: Apache-2.0
"""What a profile works with: the processes, the wire, the cores, and where rows go."""

import os
import sys
import time

import machine
import profiles
from children import BenchError, Children
from result import Row, first_reason, inherited
from wire import Wire

HUGE_MEGABYTES = 560  # a relay (testpmd takes 256) and the generator beside it


class Bench:
    """One run. Profiles get it and call row(); everything that they start ends with close()."""

    def __init__(self, result, folder, binaries, cores, quick):
        self.result, self.folder, self.binaries = result, folder, binaries
        self.quick = quick
        self.relay_core, self.generator_core = cores[:2]
        self.cores = cores
        self.children = Children(folder)
        self.huge = machine.HugePages(HUGE_MEGABYTES)
        self.profile = None
        self.started = time.monotonic()
        self._wire = None
        self._said = 0

    # For profiles -------------------------------------------------------------------------------

    def pick(self, full, quick):
        """The value for a full run, or that for --quick."""
        return quick if self.quick else full

    def say(self, text):
        """One line of progress; for everything that takes over two seconds."""
        elapsed = time.monotonic() - self.started
        print(f"[{elapsed:5.0f} s] {self.profile or 'start'}: {text}", file=sys.stderr, flush=True)

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
        """Ends what the profile left running."""
        self.children.stop()

    def close(self):
        self.children.stop()
        if self._wire is not None:
            self._wire.close()
        self.huge.close()
        self.children.close()
