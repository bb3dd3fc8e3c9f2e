"""Says how many workers serve, and divides what the settings grant the whole machine among them."""

import dataclasses
import os
from collections.abc import Set

from mien.config import Settings

THREADS = 2  # of a worker, by default: one interpreter keeps little more than two cores busy


def count(settings: Settings) -> int:
    """Returns how many workers serve."""
    return settings.workers or max(1, settings.cores // THREADS)


def share(settings: Settings, number: int, workers: int) -> Settings:
    """Returns the settings of one worker, whose threads and memory are its part of the machine's.

    Not divided are `connections`, which the parent counts, `scan_threads`, since a single search uses all of them, and
    `gallery_memory`, since workers share the memory of large galleries.

    Args:
        settings: those of the machine.
        number: of the worker, from 1.
        workers: how many there are.
    """

    def part(whole: int) -> int:
        return whole // workers + (number <= whole % workers)

    return dataclasses.replace(
        settings,
        workers=workers,
        threads=max(1, part(settings.cores)),
        scan_threads=settings.scan_threads or len(os.sched_getaffinity(0)),
        image_cache=part(settings.image_cache),
        liveness_streams=max(1, part(settings.liveness_streams)),
        bodies_in_flight=max(1, part(settings.bodies_in_flight)),
        pixels_in_flight=max(1, part(settings.pixels_in_flight)),
    )


def own_cores(settings: Settings, number: int, workers: int, every: Set[int]) -> frozenset[int]:
    """Returns the cores that a worker keeps to; empty if it should use any.

    Workers that keep to their own are quicker (`benchmarks/README.md`, "Workers"), but only while the machine is
    theirs: so they do if the settings leave them all its cores, and each has several.

    Args:
        settings: those of the machine.
        number: of the worker, from 1.
        workers: how many there are.
        every: the cores of the machine that this server may use.
    """
    sizes = [share(settings, each, workers).threads for each in range(1, workers + 1)]
    if workers == 1 or sum(sizes) != len(every) or min(sizes) < THREADS:
        return frozenset()
    first = sum(sizes[: number - 1])
    return frozenset(sorted(every)[first : first + sizes[number - 1]])


def describe(settings: Settings) -> str:
    """Returns in a few words which processes serve."""
    workers = count(settings)
    if workers == 1:
        return f"1, the server itself, with {settings.cores} threads"
    threads = sorted({share(settings, number, workers).threads for number in (1, workers)})
    return f"{workers} processes under a parent, with {' or '.join(map(str, threads))} threads each"
