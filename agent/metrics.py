"""The metrics page: what Prometheus scrapes, rendered from the latest view. Asks no device, keeps no state.

`avaya_*` is what devices say, `trunkwatch_*` what the agent knows of its work, `process_*` what its process
uses. No ticket id, error text or measured name is a label. Decided here:

* `avaya_up` is 1 only while the last poll was good and is younger than three polls, else 0; it is absent only
  for an access that was never asked. A product's values vanish with it, and the 0 stays.
* Where two protocols tell the same series, the product's first in authority counts: a series that stands
  twice would make Prometheus refuse the whole page.
* `trunkwatch_tickets_open` has every severity of the contract with every responsibility, 0 where there is
  none: an alert rule never meets an absent series, and a sum is a number from the first scrape.
* `trunkwatch_next_due_timestamp_seconds` is absent while nothing is due: a time has no zero. So is
  `trunkwatch_attainment_ratio` while nothing of the month is decided: no tickets are not all met, nor none.
* `trunkwatch_clock_synchronised` is absent where the kernel does not tell, or the site does not care.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agent.failures import Responsibility
from agent.views import AccessView, AgentView
from collectors.base import Sample

_OPENMETRICS = "application/openmetrics-text"


def render(view: AgentView) -> bytes:
    """The page in Prometheus's text format 0.0.4."""
    return generate_latest(_registry(view))


def render_for(view: AgentView, accept: str) -> tuple[bytes, str]:
    """The page and its content type: OpenMetrics 1.0.0 for a client whose Accept header names it."""
    # The client's header is not handed on: prometheus_client raises on a version that is no number.
    encode, content_type = choose_encoder(_OPENMETRICS if _OPENMETRICS in accept else "")
    return encode(_registry(view)), content_type


def _registry(view: AgentView) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Devices(view))
    registry.register(_Agent(view))
    registry.register(_Process(view))
    return registry


class _Devices(Collector):
    """What devices say: `avaya_up`, then the products' own metrics in the order of the view."""

    def __init__(self, view: AgentView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        now = self._view.now
        up = GaugeMetricFamily(
            "avaya_up",
            "Whether the last poll was answered, could be read and is not older than three polls.",
            labels=("system", "protocol"),
        )
        left_out = GaugeMetricFamily(
            "trunkwatch_samples_left_out",
            "Samples of the reading that do not fit their metric or stand twice: a fault of a collector.",
            labels=("system", "protocol"),
        )
        families: dict[str, Metric] = {}
        for system in self._view.systems:
            told: set[tuple[str, tuple[str, ...]]] = set()
            for access in system.accesses:
                seen = access.seen(now)
                if seen is None:
                    continue
                up.add_metric((system.name, access.protocol), float(seen))
                here: set[tuple[str, tuple[str, ...]]] = set()
                unfit = 0
                for sample in access.current_samples(now):
                    series = (sample.metric.name, sample.labels)
                    if series in here or not _add(families, system.name, sample, shown=series not in told):
                        unfit += 1
                    here.add(series)
                told |= here
                left_out.add_metric((system.name, access.protocol), unfit)
        yield up
        yield from families.values()
        yield self._disks()
        yield left_out

    def _disks(self) -> Metric:
        full = GaugeMetricFamily(
            "avaya_disk_full_timestamp_seconds",
            "When the disk is full at its present rate; absent while it does not grow, or nobody can tell.",
            labels=("system", "disk"),
        )
        for system, component, at in self._view.disks_full:
            full.add_metric((system, component.removeprefix("disk ")), at.timestamp())
        return full


def _add(families: dict[str, Metric], system: str, sample: Sample, *, shown: bool) -> bool:
    """Put a sample into its family; False if it does not fit (one bad sample must not cost the page)."""
    metric = sample.metric
    of_kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = families.get(metric.name)
    if len(sample.labels) != len(metric.labels) or (family is not None and not isinstance(family, of_kind)):
        return False
    if not shown:
        return True
    if family is None:
        family = families[metric.name] = of_kind(metric.name, metric.help)
    suffix = "_total" if metric.kind == "counter" else ""
    labels = dict(zip(metric.labels, sample.labels, strict=True)) | {"system": system}
    family.add_sample(family.name + suffix, labels, sample.value)
    return True


_NUMBER_STATES = {"yes": 1, "no": 0, "on_purpose": 0, "unknown": -1}


class _Agent(Collector):
    """What the agent knows of its own work."""

    def __init__(self, view: AgentView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        view = self._view
        yield InfoMetricFamily(
            "trunkwatch_build",
            "The agent's version, and the contract that it judges by.",
            value={"version": view.version, "contract": view.contract},
        )
        yield from self._polls()
        yield self._tickets()
        yield GaugeMetricFamily(
            "trunkwatch_pending_failures", "Failures that wait out their hold.", value=view.pending
        )
        yield GaugeMetricFamily(
            "trunkwatch_journal_unwritten_entries",
            "Decisions that are not on the disk yet; above 0 the journal cannot be written.",
            value=view.unwritten,
        )
        yield GaugeMetricFamily(
            "trunkwatch_maintenance_windows_open",
            "Maintenance windows that are in force: what fails in them waits for their end.",
            value=len(view.windows),
        )
        due = GaugeMetricFamily(
            "trunkwatch_next_due_timestamp_seconds",
            "The earliest due time of an open ticket.",
            labels=("severity", "step"),
        )
        for earliest in view.next_due:
            due.add_metric((earliest.severity, earliest.step), earliest.at.timestamp())
        yield due
        yield from self._targets()
        unmonitored = CounterMetricFamily(
            "trunkwatch_unmonitored_seconds",
            "How long the system was not watched: unseen by every way, or the agent did not run.",
            labels=("system",),
        )
        for system, length in view.unmonitored:
            unmonitored.add_metric((system,), length.total_seconds())
        yield unmonitored
        clock = GaugeMetricFamily(
            "trunkwatch_clock_synchronised",
            "Whether the kernel holds the agent's own clock for synchronised.",
        )
        if view.clock_synchronised is not None:
            clock.add_metric((), float(view.clock_synchronised))
        yield clock
        numbers = GaugeMetricFamily(
            "trunkwatch_primary_number_state",
            "Whether an incoming call finds a way: 1 yes, 0 no, -1 unknown.",
            labels=("number",),
        )
        for number in view.numbers:
            numbers.add_metric((number.number,), _NUMBER_STATES[number.state])
        yield numbers
        warnings = GaugeMetricFamily(
            "trunkwatch_vendor_warnings",
            "Vendor warnings that stand on the system; absent where it does not tell.",
            labels=("system",),
        )
        for each in view.systems:
            if each.warnings is not None:
                warnings.add_metric((each.name,), each.warnings)
        yield warnings

    def _targets(self) -> Iterator[Metric]:
        labels = ("severity", "step")
        missed = CounterMetricFamily(
            "trunkwatch_breaches", "Targets that were missed, since the journal began.", labels=labels
        )
        ratio = GaugeMetricFamily(
            "trunkwatch_attainment_ratio",
            "The share of this month's decided targets that were met, 0 to 1.",
            labels=labels,
        )
        for target in self._view.targets:
            missed.add_metric((target.severity, target.step), target.breaches)
            if target.ratio is not None:
                ratio.add_metric((target.severity, target.step), target.ratio)
        yield missed
        yield ratio

    def _polls(self) -> Iterator[Metric]:
        labels = ("system", "protocol")
        took = GaugeMetricFamily(
            "trunkwatch_poll_duration_seconds", "How long the last poll took, good or not.", labels=labels
        )
        success = GaugeMetricFamily(
            "trunkwatch_poll_last_success_timestamp_seconds",
            "When the last good poll was; absent if there was none since the agent started.",
            labels=labels,
        )
        for system, access in _accesses(self._view):
            if access.seconds is not None:
                took.add_metric((system, access.protocol), access.seconds)
            if access.last_success is not None:
                success.add_metric((system, access.protocol), access.last_success.timestamp())
        yield took
        yield success

    def _tickets(self) -> Metric:
        opened = [(ticket.severity, str(ticket.responsibility)) for ticket in self._view.open_tickets]
        # A ticket may hold a severity of a contract that is no longer in force.
        severities = dict.fromkeys((*self._view.severities, *(severity for severity, _ in opened)))
        family = GaugeMetricFamily(
            "trunkwatch_tickets_open",
            "Open tickets by severity, and by who has to act.",
            labels=("severity", "responsibility"),
        )
        for pair in product(severities, get_args(Responsibility)):
            family.add_metric(pair, opened.count(pair))
        return family


class _Process(Collector):
    """What the process uses, under Prometheus's usual names.

    prometheus_client's own ProcessCollector gives nothing at all where /proc/stat is hidden, as it is under
    systemd's ProcSubset=pid; everything here comes from /proc/self and the process's own clock.
    """

    def __init__(self, view: AgentView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "process_cpu_seconds", "User and system CPU time spent.", value=time.process_time()
        )
        yield GaugeMetricFamily(
            "process_start_time_seconds",
            "When the agent started, since the epoch.",
            value=self._view.started.timestamp(),
        )
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        yield GaugeMetricFamily("process_max_fds", "How many files may be open.", value=soft)
        try:
            with open("/proc/self/statm", encoding="ascii") as statm:
                pages = int(statm.read().split()[1])
            fds = len(os.listdir("/proc/self/fd"))
        except OSError:
            return  # no /proc: the figures are not known, and not zero
        yield GaugeMetricFamily(
            "process_resident_memory_bytes", "Memory in use.", value=pages * resource.getpagesize()
        )
        yield GaugeMetricFamily("process_open_fds", "How many files are open.", value=fds)


def _accesses(view: AgentView) -> Iterator[tuple[str, AccessView]]:
    for system in view.systems:
        for access in system.accesses:
            yield system.name, access
