"""Several people at the same moment: each job in a thread of its own, started by a barrier."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def together(jobs: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """What each job gave or raised, in the order of the jobs."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        barrier.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(run, job) for job in jobs]
        return [one.exception() or one.result() for one in running]


def kinds(outcomes: Sequence[object]) -> list[str]:
    """The outcomes' class names, sorted: who won does not matter, how many did does."""
    return sorted(type(outcome).__name__ for outcome in outcomes)
