"""What is wrong in the contract's words: the value that flows from `classify` to `incidents`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from agent.baseline import Count
from agent.contract import Contract, Outcome, Test

Responsibility = Literal[
    "vendor",
    "carrier",
    "customer_network",
    "customer_environment",
    "customer_change",
    "customer",
    "not_covered",
    "monitoring",
]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The identity of a failure (rules I1, I2): one key, one incident.

    `component` None: the whole of the system in that role (all its trunks, or the system itself for role
    `service`). `system` None: the root is a location or the agent's own network.
    """

    system: str | None
    role: str
    component: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.system, self.role, self.component) if part)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen, and by which reading: `at` is the reading's own time.

    `apart`: no other protocol's list can name the part, so only this protocol can tell that it is gone.
    `source`: poll or trap. `lost`, `total`: the figures of the part, where it has any.
    """

    text: str
    system: str
    role: str
    component: str
    protocol: str
    at: datetime
    apart: bool = False
    source: str = "poll"
    lost: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the contract makes of a failure: its class, by which clause and rules, on what evidence.

    `clauses`: every clause that holds, `clause` the one that decides (P7). `rules`: the numbered rules of
    reading that decided it. `lost`, `total`: the figures of the fraction, where there is one. `left_out`:
    what does not count, with the reason. `considered`: clauses that were looked at and do not hold, with the
    reason. `facts`: what contracts can ask about (`contract.Test`), so that another contract can be asked
    too. `outcome`: what the clause asks for. `scope`: what of the site is hit. `coverage`: what was bought
    for the asset, for a person. `peak`: stations, the highest count before the failure began (S2).
    `primary_numbers`: those that it takes. `children`: the failures that it explains and that have no ticket
    of their own; where there are any, `own` is the ruling without them. `related`: other tickets that have to
    do with it, and how (I8). `flapping`: that it changes again and again, and how often (I12). `window`: the
    maintenance window that it was found in and outlasted (C4). Rulings stand in journals that live for years:
    a field may be added with a default, none is renamed or removed.
    """

    severity: str
    clause: str
    clauses: tuple[str, ...]
    rules: tuple[str, ...]
    summary: str
    responsibility: Responsibility
    note: str
    evidence: tuple[Evidence, ...]
    lost: int | None = None
    total: int | None = None
    left_out: tuple[str, ...] = ()
    considered: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    outcome: Outcome = "ticket"
    scope: str = ""
    coverage: str = ""
    peak: int | None = None
    primary_numbers: tuple[str, ...] = ()
    own: Ruling | None = None
    children: tuple[Child, ...] = ()
    related: tuple[str, ...] = ()
    flapping: str = ""
    window: str = ""

    def states(self, fact: Test) -> bool:
        """Whether that fact was stated; of a ruling without facts, whether a clause of that name held."""
        return fact in self.facts or (not self.facts and fact in self.clauses)


def classed(contract: Contract, facts: tuple[Test, ...], ruling: Ruling) -> Ruling:
    """The ruling with the class that these facts give it."""
    clauses = contract.holding(facts)
    decides = clauses[0]
    return replace(
        ruling,
        severity=decides.severity,
        clause=decides.id,
        clauses=tuple(clause.id for clause in clauses),
        facts=facts,
        outcome=decides.outcome,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A failure within the ticket of another, its cause (I3, I7).

    `of`: the failure that it hangs on, itself the root or another child. `why`: how that is known. `began`:
    when it began, `joined`: when it came to the ticket. `well`: it has been seen well since. `hold`: what its
    clearing follows (I6).
    """

    key: Key
    ruling: Ruling
    began: datetime
    joined: datetime
    of: Key | None = None
    why: str = ""
    well: bool = False
    hold: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Cause:
    """A failure that explains another one, and how that is known: the site file, or the product (I3).

    `within`: it does only if both began within so long of each other; None: whenever they did. `unsettled`:
    how bad it is will be known at the end of its own hold, which is waited for.
    """

    key: Key
    why: str
    within: timedelta | None = None
    unsettled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure as it stands now.

    `hold`: how long it must last before it raises (I5); None: not before more is known (a first missed poll).
    `clears_like`: the hold that its clearing follows (I6), where it raises sooner than that. `since`: when it
    began, where that is known better than by its first judgement. `until`: when it ends by itself, by its
    age (I10). `not_before`: the end of a maintenance window; until then it does not raise (C4). `window`: its
    name. `settles`: how long half capacity must have lasted before the class goes up, and been away before it
    goes down (T7); `lesser`: the ruling until it has. `causes`: what explains it, of all that fails or is a
    ticket now, the likeliest first. `parents`: the systems that could explain it; they are asked before it
    raises (I7). `only_as_cause`: it was told before its system fell silent: it raises with what it explains,
    and not else.
    """

    key: Key
    ruling: Ruling
    hold: timedelta | None
    clears_like: timedelta | None = None
    since: datetime | None = None
    location: str | None = None
    not_before: datetime | None = None
    settles: timedelta | None = None
    lesser: Ruling | None = None
    until: datetime | None = None
    causes: tuple[Cause, ...] = ()
    parents: tuple[str, ...] = ()
    only_as_cause: bool = False
    window: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that fails now, and what cannot be told now.

    `blind`: keys (of those asked about) that no fresh reading speaks of: they neither raise nor clear.
    `gone`: keys whose system is no longer in the site file. `counts`: the stations of each phone system, from
    which is learned how many to expect (S1). `over`: why a failure that was asked about stands no longer,
    where that is not for having been seen well. `wake`: the next instant at which something may become
    otherwise by the clock alone. `stays`: how long what flaps must be well before its ticket is resolved;
    None: not before it changes less often (I12).
    """

    failures: tuple[Failure, ...]
    blind: frozenset[Key]
    gone: frozenset[Key] = frozenset()
    counts: tuple[Count, ...] = ()
    over: Mapping[Key, str] = field(default_factory=dict)
    wake: datetime | None = None
    stays: Mapping[Key, timedelta | None] = field(default_factory=dict)

    def but_of(self, keys: frozenset[Key], other: Judgement) -> Judgement:
        """This judgement, with what another one says of these keys."""
        mine = [failure for failure in self.failures if failure.key not in keys]
        kept = {key: why for key, why in self.over.items() if key not in keys}
        return replace(
            self,
            failures=(*mine, *(failure for failure in other.failures if failure.key in keys)),
            blind=(self.blind - keys) | (other.blind & keys),
            gone=(self.gone - keys) | (other.gone & keys),
            over=kept | {key: why for key, why in other.over.items() if key in keys},
            wake=min((at for at in (self.wake, other.wake) if at is not None), default=None),
        )
