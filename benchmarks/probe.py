"""`python probe.py CORE`: fixed work on one core, again and again, until standard input closes.

Prints one line per round: when, and the CPU seconds it took. That says how fast the core is: cores of shared machines
change speed within seconds.
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
        cpu = time.thread_time()
        work()
        print(time.monotonic(), time.thread_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
