"""The fault harness (docs/faults.md): real processes, a nemesis, a history, and checkers of what was promised.

ports, wire, proxy, site    the system under test: processes to kill, connections to cut
device, clients, world      who talks: seeded clients on the reference client
history, truth              what they saw, and what the database says at the end
breaking, disturbing, abusing, catalogue, nemesis    what goes wrong, and when
checkers                    pure functions from all that to what was broken
run, figures, report        one run, what it measured, and its page
inside                      what the harness has within the servers: points to die at, a clock, mutants
"""

import sys
from pathlib import Path

CLIENT = str(Path(__file__).resolve().parents[2] / "clients" / "python")
if CLIENT not in sys.path:
    sys.path.insert(0, CLIENT)  # the reference client is in the tree, not installed
