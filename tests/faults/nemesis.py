"""Who makes things go wrong: a schedule of faults, one after the other or two at once, with peace between."""

import asyncio
import logging
import random
from collections.abc import Sequence

from tests.faults.catalogue import Fault
from tests.faults.history import Complaint, Healed, History, Struck
from tests.faults.world import World

logger = logging.getLogger(__name__)


class Nemesis:
    """Strikes as planned; each fault heals before it returns."""

    def __init__(self, world: World, history: History, seed: int) -> None:
        self.world = world
        self._history = history
        self._seed = seed
        self._numbers = 0
        self._busy: set[str] = set()

    async def strike(self, fault: Fault) -> None:
        """One fault from its beginning to its end."""
        self._numbers += 1
        number = self._numbers
        lot = random.Random(f"{self._seed} {number}")
        self._history.add(Struck(self._history.now, number, fault.name))
        logger.info("%6.1f s: %s", self._history.now, fault.name)
        try:
            await fault.strike(self.world, lot)
        except Exception as error:  # a run goes on; that something did not heal counts against it
            logger.exception("%s", fault.name)
            self._history.add(Complaint(self._history.now, f"{fault.name} did not heal: {error!r}"))
        finally:
            self._history.add(Healed(self._history.now, number))

    async def strike_all(self, faults: Sequence[Fault], *, peace: float) -> None:
        """One after the other."""
        for fault in faults:
            await self.strike(fault)
            await asyncio.sleep(peace)

    async def rage(self, faults: Sequence[Fault], *, seconds: float, every: float) -> None:
        """For a time, a fault about every so often; in the last third two at once (N17)."""
        lot = random.Random(self._seed)
        loop = asyncio.get_running_loop()
        began, turn = loop.time(), 0
        bag: list[Fault] = []
        while loop.time() - began < seconds - every:
            struck = [self._next(bag, faults, lot)]
            if loop.time() - began > seconds * 2 / 3:
                struck.append(self._next(bag, faults, lot, beside=struck[0]))
            await asyncio.gather(*(self.strike(fault) for fault in struck if fault is not None))
            turn += 1
            await asyncio.sleep(max(1.0, began + turn * every - loop.time()))

    def _next(
        self, bag: list[Fault], faults: Sequence[Fault], lot: random.Random, beside: Fault | None = None
    ) -> Fault | None:
        """Every fault once before any comes again; two at once never need the same thing."""
        for _ in range(2):
            if not bag:
                bag += lot.sample(faults, len(faults))
            for fault in bag:
                if beside is None or (fault is not beside and not fault.needs & beside.needs):
                    bag.remove(fault)
                    return fault
            bag.clear()
        return None
