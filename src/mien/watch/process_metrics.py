"""Collects memory, processor time and open files of the server's processes, added up, as the metrics `process_…`."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import psutil
from prometheus_client import ProcessCollector
from prometheus_client.core import Metric

_RESIDENT, _STARTED, _TIME = (
    "process_resident_memory_bytes", "process_start_time_seconds", "process_cpu_seconds",
)  # fmt: skip


class ProcessMetrics:
    """The metrics `process_…` of all processes of a server.

    Pages that workers share count once: of several processes the resident memory is the sum of their proportional set
    sizes. Processor time of workers that ended counts on, as their parent has it.

    Args:
        processes: returns the ids, the parent's first; empty for this process alone.
    """

    def __init__(self, processes: Callable[[], list[int]]) -> None:
        self._processes = processes

    def collect(self) -> Iterable[Metric]:
        """Reads them; called by prometheus_client."""
        processes = self._processes() or [os.getpid()]
        found: dict[str, Metric] = {}
        for process in processes:
            for metric in ProcessCollector(pid=partial(int, process), registry=None).collect():
                _add(found, metric)
        if len(processes) > 1:
            _put(found, _RESIDENT, sum(map(_proportional, processes)))
            _put(found, _TIME, _value(found, _TIME) + _ended(processes[0]))
        return found.values()

    def describe(self) -> Iterable[Metric]:
        """Returns nothing, so that registering reads nothing."""
        return []


def _add(found: dict[str, Metric], metric: Metric) -> None:
    if metric.name not in found:
        found[metric.name] = metric
        return
    mine, others = _value(found, metric.name), metric.samples[0].value
    _put(found, metric.name, min(mine, others) if metric.name == _STARTED else mine + others)


def _value(found: dict[str, Metric], name: str) -> float:
    return found[name].samples[0].value if name in found else 0.0


def _put(found: dict[str, Metric], name: str, value: float) -> None:
    if name in found:
        found[name].samples[0] = found[name].samples[0]._replace(value=value)


def _proportional(process: int) -> float:
    """Returns the bytes of a process's memory, where a page that n processes share counts as one n-th."""
    try:
        rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(1024.0 * int(row.split()[1]) for row in rows if row.startswith("Pss:"))


def _ended(parent: int) -> float:
    """Returns the seconds of processor time that the ended children of a process took."""
    try:
        times = psutil.Process(parent).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.children_user + times.children_system)
