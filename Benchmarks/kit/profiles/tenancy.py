# SPDX-License-Identifier: Apache-2.0
"""The tables that calls look tenants and numbers up in: how long a look-up takes, what they take of
memory, how soon and at what price a change is seen."""

from result import LOWER, OURS

TITLE = "look-ups of numbers, accounts and derived trunks, and changes beside them"
SECONDS = (15, 4)
ONLY_FULL = True
NUMBERS = (10_000_000, 1_000_000)
LOOKUPS = (4_000_000, 2_000_000)
CHANGES = 10_000
PATIENCE_S = 120
ROWS = {"tenancy.lookup_ns": ("ns", LOWER), "tenancy.lookup_allocations": ("", LOWER),
        "tenancy.bytes_per_number": ("bytes", LOWER), "tenancy.change_visible_us": ("us", LOWER),
        "tenancy.change_bytes": ("bytes", LOWER), "tenancy.growth_us": ("us", LOWER)}


def run(bench):
    numbers, lookups = bench.pick(*NUMBERS), bench.pick(*LOOKUPS)
    bench.say(f"{numbers:,} numbers")
    # Two cores: a change is made on one and seen on the other.
    child = bench.children.start(
        "trunkline-tenancy", bench.program("trunkline-tenancy"), "--numbers", numbers,
        "--lookups", lookups, "--changes", CHANGES, cores=bench.cores, pipes=True)
    found = child.report(PATIENCE_S)
    child.end()
    bench.record("tables of tenants", {"report": found})
    _look_ups(bench, found)
    _changes(bench, found)


def _look_ups(bench, found):
    size = f"{found['numbers']:,} numbers of {found['accounts']:,} accounts"
    lost = f"{OURS}{found['missed']:,} look-ups found nothing" if found["missed"] else None
    deaf = None if found["meter_works"] else "the meter of allocations counts nothing"
    bench.row("tenancy.lookup_ns", found["lookup_ns"], void=lost,
              conditions=f"number to account to set to the name of the derived trunk, {size}, "
              f"{found['lookups']:,} at random, each from what the one before found; windows "
              f"{found['lookup_ns_min']:.0f} to {found['lookup_ns_max']:.0f}")
    bench.row("tenancy.lookup_allocations", found["lookup_allocations"], void=[lost, deaf],
              conditions="of the same look-ups")
    bench.row("tenancy.bytes_per_number", found["bytes_per_number"],
              conditions=f"resident growth of the process over {size}, accounts included; tables "
              f"{found['table_bytes'] / 1e6:.0f} MB, {found['huge_bytes'] / 1e6:.0f} MB of it all "
              f"in huge pages; filled in {found['load_s']:.1f} s, accounts in "
              f"{found['accounts_s']:.1f} s")


def _changes(bench, found):
    bench.row("tenancy.change_visible_us", found["change_visible_us_p99"],
              conditions=f"p99 of {found['changes']:,}, until another thread has found it; p50 "
              f"{found['change_visible_us_p50']:.2f}, longest {found['change_visible_us_max']:.0f}")
    bench.row("tenancy.change_bytes", found["change_bytes"],
              conditions=f"mean of {found['changes']:,} changes, removals and new numbers by turns; "
              f"at most {found['change_bytes_max']}")
    bench.row("tenancy.growth_us", found["growth_us_p99_9"],
              conditions=f"p99.9 of the {found['growth_copies']:,} changes that made a partition "
              f"double while a third more numbers came, run time of the thread; longest "
              f"{found['growth_us_max']:.0f}")
