"""Stage A: people talk while everything is killed and cut once (N1 to N4, N6, N9); and every mutant is caught."""

import logging
import os
import random
from dataclasses import dataclass

import pytest

from tests.faults import breaking, catalogue, disturbing
from tests.faults.catalogue import Fault, fault
from tests.faults.checkers import described, violations
from tests.faults.run import Plan, Run
from tests.faults.site import FaultSite
from tests.faults.world import SMALL, TINY

logger = logging.getLogger(__name__)

SEED = int(os.environ.get("FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)


async def test_nothing_breaks_the_promise(fault_site: FaultSite) -> None:
    fault_site.become("")
    logger.info("FAULTS_SEED=%d", SEED)
    plan = Plan(SMALL, 2_000, 40.0, SEED, lambda nemesis: nemesis.strike_all(catalogue.SHORT, peace=1.0))
    run = Run(fault_site, plan)
    record = await run.go()
    logger.info("%s", dict(run.history.counts))
    found = violations(record)
    assert not found, described(found)


@dataclass(frozen=True)
class Hunt:
    """A mutant, what brings it to light, and the invariants of which one at least has to be found broken."""

    mutant: str
    faults: list[Fault]
    caught_by: set[str]


CUT = fault("cut all sockets", disturbing.strike, how="cut")
KILL = fault("kill -9 a socket process", breaking.kill_process, name="sockets-1")
SLOW = fault("a slow bus", disturbing.weather, routes=("redis",), delay=0.03, seconds=4.0)

HUNTS = [
    Hunt("ack_before_commit", [KILL], {"I1", "I7"}),
    Hunt("forgotten_client_id", [CUT], {"I3"}),
    Hunt("lost_without_repair", [], {"I8"}),
    Hunt("resume_off_by_one", [CUT, CUT, CUT], {"I8", "I17"}),
    Hunt("badge_not_recomputed", [], {"I11"}),
    Hunt("order_by_arrival", [SLOW], {"I5"}),
]


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: hunt.mutant)
async def test_a_mutant_is_caught(fault_site: FaultSite, hunt: Hunt) -> None:
    fault_site.become(hunt.mutant)
    plan = Plan(TINY, 200, 4.0, SEED, lambda nemesis: nemesis.strike_all(hunt.faults, peace=1.0), patience=4.0)
    found = violations(await Run(fault_site, plan).go())
    logger.info("%s", described(found))
    assert found.keys() & hunt.caught_by
