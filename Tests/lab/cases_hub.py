# SPDX-License-Identifier: Apache-2.0
"""Calls with a hub of Microsoft Teams (Tests/hub): a few of its scenarios, or all of them."""

import json
import os
import subprocess

from agents import peers_python
from harness import case
from lab import ROOT

SHORT = ("carrier_calls_a_user", "user_calls_the_carrier", "carrier_holds_with_sendonly",
         "two_forks_answer", "two_clients_say_183", "restart_to_a_media_processor",
         "refer_to_a_user", "replaces_of_the_hub", "sip_is_silent", "sip_says_503",
         "options_to_all_three_names", "an_emergency_call_with_a_location",
         "connections_are_cut_in_a_call", "control_plane_dies_in_a_call",
         "a_tenant_is_called", "a_tenant_calls_out", "callers_are_refused",
         "a_migration_goes_through", "a_migration_goes_back_at_every_step",
         "xfr_3_of_a_tenant_from_a_call_out_to_a_phone", "test_call_is_answered")
SECONDS = 1500


def play(*names):
    """Its own process, since it lives in a namespace; what it says is shown."""
    program = os.path.join(ROOT, "Tests", "hub", "run.py")
    run = subprocess.run([peers_python(), "-W", "ignore", program, "--json", *names],
                         capture_output=True, text=True, timeout=SECONDS)
    found = next((line for line in run.stdout.splitlines() if line.startswith("{")), None)
    assert found, (run.stdout + run.stderr)[-2000:]
    result = json.loads(found)
    for one in result["scenarios"]:
        if one["outcome"] != "passed":
            print(f"  {one['name']}: {one['outcome']}: {one['text']}")
    covered = sum(1 for names in result["covered"].values() if names)
    print(f"  {result['passed']} scenarios passed, {covered} of {len(result['covered'])} rules")
    assert run.returncode == 0 and not result["failed"], f"{result['failed']} scenarios failed"
    return result


@case()
def hub_of_teams():
    result = play(*SHORT)
    assert result["passed"] == len(SHORT), "a name fits several scenarios, or none"


@case(long=True)
def hub_of_teams_every_scenario():
    result = play()
    unknown = {rule: why for rule, why in result["not_covered"].items() if "scenario" in why}
    assert not unknown, f"rules without a scenario that passed: {unknown}"
