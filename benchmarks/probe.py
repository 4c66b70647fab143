"""`python probe.py CORE`: fixed work on one core, again and again, until standard input closes.

Prints one line per round: when, the CPU seconds it took, and the seconds it took by the clock. The first says how fast
the core is (cores of shared machines change speed within seconds), the second how long others kept it.
"""

import os
import select
import sys
import time

EVERY_SECONDS = 0.1


def work() -> int:
    """About a millisecond of plain Python."""
    total = 0
    for number in range(12_000):
        total += number & 7
    return total


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        cpu, clock = time.thread_time(), time.perf_counter()
        work()
        print(time.monotonic(), time.thread_time() - cpu, time.perf_counter() - clock, flush=True)


if __name__ == "__main__":
    main()
