"""A long watch: the installed service on a booted machine, and every fault of the lab again and again.

    .venv/bin/python -m tests.soak --minutes 60

It needs root. It prints what was broken, what was told, what the daemon said that no fault explains, and what
the daemon weighed at its beginning and end. Exit status 1: something is unexplained, untold or left open.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.booted import missing
from tests.installed import Site, installed
from tests.lab.faults import COMMON as FAULTS  # its site file knows the phone system and its gateways

TOLD_WITHIN = 30.0  # seconds: a fault that shows at all shows by then; who is busy is asked three times
HEALED_WITHIN = 90.0  # seconds: a restart stands for a while
AFTER = 45.0  # seconds after its end in which a fault still explains what is said
# Its tables may well be long: that is known after minutes only, and until then it tells of nothing else.
SLOW = {("endless-table", "cm1")}
# Its records tell the minute, and in the lab a restart stands for 15 s: most are over before they are told.
BRIEF = {("rebooted", "cm1")}
BARRED = ("ssh-refused", "ssh-locked")  # one attempt, then no more: a person allows the next
_SIGHT = re.compile(r"trunkwatch: (?P<system>\S+) \(\w+\): (?:unreachable|refused|unreadable|seen again)")
_ALLOWED = re.compile(r"trunkwatch: (?P<system>\S+) \((?:ssh|sat)\): may log in once more, says uid 0")
_ORDINARY = re.compile(r"trunkwatch: (?:watching \d+ systems|took the changed site file)")


@dataclass(slots=True)
class Turn:
    """One fault, from when it was set until it was cleared (seconds since the epoch)."""

    fault: str
    system: str
    began: float
    ended: float = 0.0
    told: bool = False
    hidden: bool = False  # by a slow or a brief fault, itself or beside it
    healed: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """What the daemon takes: resident memory in KiB, open files, threads; and how often it began anew."""

    memory: int
    files: int
    threads: int
    restarts: int

    def __str__(self) -> str:
        return (
            f"{self.memory / 1024:.1f} MiB resident, {self.files} files, {self.threads} threads, "
            f"{self.restarts} restarts"
        )


@dataclass(slots=True)
class Soak:
    """What happened so far."""

    turns: list[Turn] = field(default_factory=list)
    started: Weight | None = None
    ended: Weight | None = None
    memory: list[float] = field(default_factory=list)  # MiB resident, after each round
    opened: int = 0
    resolved: int = 0
    unexplained: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Nothing unexplained, untold or left open, and no restart."""
        quiet = all(turn.healed and (turn.told or turn.hidden) for turn in self.turns)
        no_restart = self.ended is not None and self.ended.restarts == 0
        return quiet and no_restart and not self.unexplained and self.opened == self.resolved


def weigh(site: Site) -> Weight:
    """The daemon as it is now."""
    pid = site.property("MainPID")
    status = site.must(f"cat /proc/{pid}/status")
    found = {
        name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)
    }
    files = int(site.must(f"ls /proc/{pid}/fd | wc -l"))
    return Weight(found["VmRSS"], files, found["Threads"], int(site.property("NRestarts")))


def soak(site: Site, seconds: float, chance: random.Random) -> Soak:
    """Break and heal for that long."""
    course = Soak()
    assert site.ready(), site.machine.journal("--unit=trunkwatch")
    # What is said before every way is open, and the keys are accepted, belongs to the page.
    assert site.until("trunkwatch tickets list | grep -q 'no open tickets'", 60)
    site.must("sleep 15")
    course.started, began = weigh(site), time.time()
    end = time.monotonic() + seconds
    faults = _in_turns(chance)
    while time.monotonic() < end:
        # Now and then two at once: they overlap at a real site, too.
        turns = [_set(site, *next(faults)) for _ in range(chance.choice((1, 1, 1, 2)))]
        course.turns += turns
        patience = time.monotonic() + TOLD_WITHIN
        while not (told := bool(site.tickets())) and time.monotonic() < patience:
            time.sleep(0.5)
        time.sleep(chance.uniform(0, 8))
        site.lab("clear")
        for turn in turns:
            if turn.fault in BARRED:
                site.must(f"trunkwatch retry-login {turn.system}")
        healed = site.shows(set(), HEALED_WITHIN)
        hidden = any((turn.fault, turn.system) in SLOW | BRIEF for turn in turns)
        for turn in turns:
            turn.ended, turn.told, turn.hidden, turn.healed = time.time(), told, hidden, healed
        course.memory.append(weigh(site).memory / 1024)
        names = " and ".join(f"{turn.fault} {turn.system}" for turn in turns)
        print(
            f"{'told' if told else 'NOT TOLD':8} {'healed' if healed else 'NOT HEALED':10} {names}",
            flush=True,
        )
    tickets = site.tickets(every=True)
    course.opened, course.resolved = len(tickets), sum(ticket["state"] == "resolved" for ticket in tickets)
    course.ended = weigh(site)
    said = [(at, line) for at, line in said_by_the_daemon(site) if at >= began]
    course.unexplained = unexplained(said, course.turns)
    return course


def _in_turns(chance: random.Random) -> Iterator[tuple[str, str]]:
    while True:
        names = list(FAULTS)
        chance.shuffle(names)
        for name in names:
            yield name, chance.choice(FAULTS[name].systems)


def _set(site: Site, fault: str, system: str) -> Turn:
    began = time.time()
    site.lab(f"fault {fault} {system}")
    return Turn(fault, system, began)


def said_by_the_daemon(site: Site) -> list[tuple[float, str]]:
    """Every line of the daemon's own journal, and when (seconds since the epoch)."""
    site.run("journalctl --sync")
    own = "_SYSTEMD_UNIT=trunkwatch.service"
    lines = site.must(f"journalctl --no-pager --output=short-unix {own}").splitlines()
    found = (re.match(r"(\d+\.\d+) \S+ \S+?: (.*)", each) for each in lines)
    return [(float(each[1]), each[2]) for each in found if each]


def unexplained(said: list[tuple[float, str]], turns: list[Turn]) -> list[str]:
    """What no fault accounts for: only loss of sight of a system that was broken just then is explained."""
    return [
        f"{time.strftime('%H:%M:%S', time.gmtime(at))} {line}"
        for at, line in said
        if not _ORDINARY.match(line) and not _explained(at, line, turns)
    ]


def _explained(at: float, line: str, turns: list[Turn]) -> bool:
    sight = _SIGHT.match(line) or _ALLOWED.match(line)
    return sight is not None and any(
        turn.system == sight["system"] and turn.began <= at <= turn.ended + AFTER for turn in turns
    )


def summary(course: Soak) -> str:
    """The course in a few lines."""
    counted = Counter(turn.fault for turn in course.turns)
    never = sorted(set(FAULTS) - set(counted))
    quiet = [f"{turn.fault} {turn.system}" for turn in course.turns if not turn.told and not turn.hidden]
    some = course.memory[:: max(1, len(course.memory) // 12)]
    stuck = [f"{turn.fault} {turn.system}" for turn in course.turns if not turn.healed]
    lines = [
        f"faults      {len(course.turns)} set: " + ", ".join(f"{n} {f}" for f, n in sorted(counted.items())),
        f"never set   {', '.join(never) or 'none'}",
        f"tickets     {course.opened} opened, {course.resolved} resolved",
        f"not told    {', '.join(quiet) or 'none'}",
        f"not healed  {', '.join(stuck) or 'none'}",
        f"at first    {course.started}",
        f"at last     {course.ended}",
        f"memory      {' '.join(f'{each:.0f}' for each in some)} MiB over the time",
        f"unexplained {len(course.unexplained)} lines of the daemon's journal",
        *(f"  {line}" for line in course.unexplained),
        "well" if course.well else "NOT WELL",
    ]
    return "\n".join(lines)


def main() -> int:
    """Soak, and print the summary; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asked = parser.parse_args()
    if lacking := missing():
        print(lacking, file=sys.stderr)
        return 2
    print(f"seed {asked.seed}; installing on a fresh machine", flush=True)
    began = time.monotonic()
    with installed() as site:
        site.follow("Start", "Host keys")
        print(f"the page was followed up to its host keys in {time.monotonic() - began:.0f} s", flush=True)
        chance = random.Random(asked.seed)  # noqa: S311 - chooses faults, keeps no secret
        course = soak(site, asked.minutes * 60, chance)
        print(summary(course))
    return 0 if course.well else 1


if __name__ == "__main__":
    sys.exit(main())
