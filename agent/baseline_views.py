"""How many stations are expected and why, as `trunkwatch baseline show` tells it (rule S1). Pure.

It tells what the journal knows, so that the daemon and the journal give the same answer: no count of now, and
no administered number, which only a reading tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.agreement import Agreement
from agent.baseline import BasisKind, Slot, slot_at
from agent.calendars import Calendar
from agent.history import History
from agent.picture import Picture
from agent.rules.scene import Scene
from agent.rules.stations import basis_of
from agent.site import Site
from agent.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """What one hour of the week has taught. `expected` None: from too few weeks to be learned yet."""

    hour_of_week: int
    open_day: bool
    samples: tuple[int, ...]
    expected: int | None

    @property
    def slot(self) -> Slot:
        """The hour in words: `Fri 17:00, open day`."""
        return Slot(self.hour_of_week, self.open_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineView:
    """How many stations of one phone system (by the system that its failures name) are expected.

    `basis`, `expected`, `words`: in force now, in the hour `hour_of_week` of an open day or a closed one;
    `expected` None: the administered number, as the readings tell it. `systems`: all that it consists of.
    `needs`: from how many weeks a slot is learned. `slots`: all that was learned, in the order of the week.
    """

    system: str
    systems: tuple[str, ...]
    basis: BasisKind
    expected: int | None
    words: str
    hour_of_week: int
    open_day: bool
    needs: int
    slots: tuple[SlotView, ...]


def baseline_views(
    history: History, site: Site, agreement: Agreement, watches: Mapping[str, Watch], now: datetime
) -> tuple[BaselineView, ...]:
    """Every phone system's, in the order of the site file."""
    hours = agreement.hours()
    scene = Scene(Picture(), history, site, agreement.contract, watches, now, hours)
    return tuple(_views(scene, hours, now))


def _views(scene: Scene, hours: Calendar, now: datetime) -> Iterator[BaselineView]:
    needs = scene.contract.decisions.station_samples
    for whole in scene.phone_systems:
        basis = basis_of(scene, whole, now)
        slot = slot_at(now, scene.site.zone_of(whole.main), hours)
        learned = scene.history.baselines.get(whole.main.name, {})
        yield BaselineView(
            system=whole.main.name,
            systems=tuple(system.name for system in whole.systems),
            basis=basis.kind,
            expected=basis.expected,
            words=basis.words,
            hour_of_week=slot.hour_of_week,
            open_day=slot.open_day,
            needs=needs,
            slots=tuple(
                SlotView(
                    hour_of_week=each.hour_of_week,
                    open_day=each.open_day,
                    samples=tuple(present for _, present in learned[each].samples),
                    expected=scene.history.expected(whole.main.name, each, needs),
                )
                for each in sorted(learned)
            ),
        )
