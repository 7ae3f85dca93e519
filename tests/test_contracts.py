"""The shipped contracts: what a failure is under each, by when its steps are due, what a wrong file is told.

The tables are read off the contracts themselves; due times are worked out by hand.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from agent.agreement import Agreement
from agent.cli import app
from agent.config import ConfigError, load_contract_file
from agent.contract import Contract, Step, Test
from agent.loading import load_contract, load_setup
from agent.shipped import shipped
from agent.views import moment
from tests.story import ZONE, an_agreement

SHIPPED = ("agility", "avaya-essential", "avaya-preferred", "intervision")
CONFIG = shipped("site.example.yaml").parent
WRONG = sorted((Path(__file__).parent / "config" / "contracts").glob("*.yaml"))
each_contract = pytest.mark.parametrize("name", SHIPPED)


def contract(name: str) -> Contract:
    return load_contract(name).contract


# --- files ------------------------------------------------------------------------------------------------


@each_contract
def test_a_shipped_contract_loads_by_its_name_and_by_its_path(name: str) -> None:
    by_name, by_path = load_contract(name), load_contract(str(shipped(f"contracts/{name}.yaml")))
    assert by_name == by_path
    assert by_name.contract.contract == name


def test_these_are_all_that_are_shipped() -> None:
    folder = shipped("contracts/agility.yaml").parent
    assert sorted(path.stem for path in folder.glob("*")) == sorted(SHIPPED)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_every_mistake_of_a_wrong_contract_is_told_at_once_in_these_words(path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_contract_file(path)
    said = [str(mistake).removeprefix(f"{path}:") for mistake in refused.value.mistakes]
    assert said == path.with_suffix(".txt").read_text().splitlines()


def test_a_contract_that_is_not_there_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: expected a file that can be read"):
        load_contract(str(tmp_path / "none.yaml"))


@each_contract
def test_every_severity_of_a_shipped_contract_has_a_clause_and_every_fact_one_that_holds(name: str) -> None:
    its = contract(name)
    assert {clause.severity for clause in its.clauses} == set(its.severities)
    for fact in get_args(Test):
        asks = any(fact in clause.when for clause in its.clauses)
        assert (its.catch_all in its.holding([fact])) is (not asks or fact == "any"), fact


# --- clauses ----------------------------------------------------------------------------------------------


def test_agility_has_its_clauses_in_the_order_in_which_they_decide() -> None:
    """P7, and the contract's own words."""
    assert [(clause.id, clause.severity) for clause in contract("agility").clauses] == [
        ("complete-outage", "major"),
        ("half-capacity", "major"),
        ("attendant-out", "major"),
        ("auto-attendant-out", "major"),
        ("continual-restarts", "major"),
        ("primary-number-cti", "major"),
        ("primary-number-location", "major"),
        ("primary-number-way-in", "major"),
        ("not-major", "minor"),
    ]


MAJORS: tuple[Test, ...] = (
    "attendant-out",
    "auto-attendant-out",
    "continual-restarts",
    "primary-number-cti",
    "primary-number-location",
    "primary-number-way-in",
)
SEVERE = "severe-business-impact"


@pytest.mark.parametrize(
    ("name", "facts", "clause", "severity"),
    [
        ("agility", (), "not-major", "minor"),
        ("agility", ("half-capacity", "complete-outage"), "complete-outage", "major"),
        ("agility", ("primary-number-location", "primary-number-cti"), "primary-number-cti", "major"),
        *(("agility", (fact,), fact, "major") for fact in ("complete-outage", "half-capacity", *MAJORS)),
        # M1: what the vendor says of its board, and where it is, makes no major here.
        *(
            ("agility", (fact,), "not-major", "minor")
            for fact in ("vendor-major", "vendor-minor", "off-board", "service-kept", "emergency")
        ),
        # The mapping from Agility, line by line.
        *((name, ("complete-outage",), "outage", "outage") for name in SHIPPED[1:3]),
        *((name, ("half-capacity",), "outage", "outage") for name in SHIPPED[1:3]),
        *((name, (fact,), SEVERE, SEVERE) for name in SHIPPED[1:3] for fact in MAJORS),
        *((name, ("vendor-major",), "major-alarm", SEVERE) for name in SHIPPED[1:3]),
        *((name, ("vendor-minor",), "minor-alarm", "business-impact") for name in SHIPPED[1:3]),
        *((name, ("emergency",), "risk-to-life", "outage") for name in SHIPPED[1:3]),
        *((name, ("service-kept",), "workaround", "non-service-impact") for name in SHIPPED[1:3]),
        *((name, (), "business-impact", "business-impact") for name in SHIPPED[1:3]),
        ("avaya-preferred", ("off-board",), "off-board", "business-impact"),
        ("avaya-preferred", ("off-board", "vendor-major"), "off-board", "business-impact"),
        ("avaya-preferred", ("off-board", "half-capacity"), "outage", "outage"),
        ("avaya-preferred", ("off-board", "emergency"), "risk-to-life", "outage"),
        ("avaya-essential", ("off-board",), "business-impact", "business-impact"),
        ("avaya-essential", ("off-board", "vendor-major"), "major-alarm", SEVERE),
        ("intervision", ("complete-outage",), "down", "p1"),
        ("intervision", ("primary-number-way-in",), "down", "p1"),
        ("intervision", ("emergency",), "down", "p1"),
        ("intervision", ("half-capacity",), "severely-degraded", "p2"),
        ("intervision", ("continual-restarts",), "severely-degraded", "p2"),
        ("intervision", ("vendor-major",), "trouble", "p2"),
        ("intervision", ("vendor-minor",), "attention", "p3"),
        ("intervision", ("service-kept",), "minimally-impaired", "p4"),
        ("intervision", (), "impaired", "p3"),
    ],
)
def test_the_first_clause_that_holds_decides(
    name: str, facts: tuple[Test, ...], clause: str, severity: str
) -> None:
    decides = contract(name).holding(facts)[0]
    assert (decides.id, decides.severity) == (clause, severity)


def test_a_notification_is_asked_for_beyond_the_board_and_nowhere_else() -> None:
    told = [(name, c.id) for name in SHIPPED for c in contract(name).clauses if c.outcome != "ticket"]
    assert told == [("avaya-preferred", "off-board")]


def test_a_way_in_counts_under_its_clause_only_where_it_is_decided_so() -> None:
    own = an_agreement("agility", primary_number_way_in=False).contract
    assert own.holding(["primary-number-way-in"])[0].id == "not-major"
    assert own.holding(["primary-number-way-in", "primary-number-cti"])[0].id == "primary-number-cti"


def test_priorities_one_and_two_are_opened_by_calling() -> None:
    its = contract("intervision")
    assert [its.opened_by_phone(severity) for severity in its.severities] == [True, True, False, False]
    assert its.title_of("p1") == "P1"
    assert contract("avaya-preferred").title_of(SEVERE) == "Severe Business Impact"
    assert contract("agility").title_of("major") == "major"


# --- targets ----------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def known(due: datetime | None) -> datetime:
    assert due is not None
    return due


FRIDAY, NIGHT = "2026-11-20 16:30", "2026-11-20 22:00"


@pytest.mark.parametrize(
    ("name", "severity", "step", "received", "due", "decisions"),
    [
        # Agility: a defective part goes back within ten business days of the spare.
        ("agility", "minor", "return", "2026-11-20 10:00", "Fri 2026-12-04 18:00 CST", {}),
        ("agility", "major", "return", "2026-11-21 10:00", "Fri 2026-12-04 18:00 CST", {}),
        # Avaya: the two worst around the clock; by phone later than by web at Preferred.
        ("avaya-essential", "outage", "respond", NIGHT, "Fri 2026-11-20 23:00 CST", {}),
        ("avaya-essential", "outage", "respond", NIGHT, "Fri 2026-11-20 23:00 CST", {"channel": "phone"}),
        ("avaya-essential", SEVERE, "respond", NIGHT, "Sat 2026-11-21 00:00 CST", {}),
        ("avaya-essential", SEVERE, "respond", NIGHT, "Sat 2026-11-21 00:00 CST", {"channel": "phone"}),
        ("avaya-preferred", "outage", "respond", NIGHT, "Fri 2026-11-20 22:15 CST", {}),
        ("avaya-preferred", "outage", "respond", NIGHT, "Fri 2026-11-20 23:00 CST", {"channel": "phone"}),
        ("avaya-preferred", SEVERE, "respond", NIGHT, "Fri 2026-11-20 22:15 CST", {}),
        ("avaya-preferred", SEVERE, "respond", NIGHT, "Sat 2026-11-21 00:00 CST", {"channel": "phone"}),
        # The rest by the end of the window that is open, or of the next one; by phone, of the next day's.
        *(
            (name, severity, "respond", received, due, {"channel": channel})
            for name in SHIPPED[1:3]
            for severity in ("business-impact", "non-service-impact")
            for received, channel, due in (
                ("2026-11-19 08:00", "web", "Thu 2026-11-19 17:00 CST"),
                ("2026-11-19 07:59", "web", "Thu 2026-11-19 17:00 CST"),
                ("2026-11-19 16:59", "web", "Thu 2026-11-19 17:00 CST"),
                ("2026-11-19 17:00", "web", "Fri 2026-11-20 17:00 CST"),  # closed at that instant
                (NIGHT, "web", "Mon 2026-11-23 17:00 CST"),
                ("2026-11-19 08:00", "phone", "Fri 2026-11-20 17:00 CST"),
                (FRIDAY, "phone", "Mon 2026-11-23 17:00 CST"),
                ("2026-11-21 12:00", "phone", "Mon 2026-11-23 17:00 CST"),
            )
        ),
        # InterVision: P1 and P2 around the clock, the others in business hours; a day is a business day.
        ("intervision", "p1", "respond", NIGHT, "Fri 2026-11-20 22:18 CST", {}),
        ("intervision", "p1", "assign", NIGHT, "Fri 2026-11-20 22:30 CST", {}),
        ("intervision", "p1", "resolve", NIGHT, "Sat 2026-11-21 02:00 CST", {}),
        ("intervision", "p2", "respond", NIGHT, "Fri 2026-11-20 22:30 CST", {}),
        ("intervision", "p2", "assign", NIGHT, "Sat 2026-11-21 02:00 CST", {}),
        ("intervision", "p2", "resolve", NIGHT, "Sat 2026-11-21 22:00 CST", {}),
        *(
            (*("intervision", severity), step, FRIDAY, due, {})
            for severity in ("p3", "p4")
            for step, due in (
                ("respond", "Mon 2026-11-23 11:30 CST"),  # 30 min of Friday, 3 h 30 min of Monday
                ("assign", "Wed 2026-11-25 13:30 CST"),  # nine hours a day: 30 min, 9, 9, 5 h 30 min
            )
        ),
        ("intervision", "p3", "resolve", FRIDAY, "Mon 2026-11-30 10:30 CST", {}),
        ("intervision", "p4", "resolve", FRIDAY, "Fri 2026-11-27 17:00 CST", {}),
    ],
)
def test_a_step_is_due_as_the_contract_says(
    name: str, severity: str, step: Step, received: str, due: str, decisions: dict[str, Any]
) -> None:
    found = known(an_agreement(name, **decisions).due(severity, step, at(received)))
    assert moment(found.astimezone(ZONE)) == due


def test_the_goals_of_intervision_are_shares_of_its_tickets() -> None:
    its = contract("intervision")
    goals = {(target.step, target.goal) for target in its.targets}
    assert goals == {("respond", 95), ("assign", 85), ("resolve", 85)}
    assert len(its.targets) == 4 * 3


@pytest.mark.parametrize(
    ("change", "respond", "assign", "resolve"),
    [
        ("standard", "0:30:00", "1 day, 0:00:00", "2 days, 0:00:00"),
        ("urgent", "0:30:00", "4:00:00", "1 day, 0:00:00"),
        ("scheduled", "0:30:00", "1 day, 0:00:00", "7 business days"),
    ],
)
def test_intervisions_changes_have_targets_of_their_own(
    change: str, respond: str, assign: str, resolve: str
) -> None:
    its = {target.step: target for target in contract("intervision").change_targets if target.type == change}
    told = [
        f"{each.business_days} business days" if each.business_days else str(each.amount)
        for each in (its["respond"], its["assign"], its["resolve"])
    ]
    assert told == [respond, assign, resolve]
    assert [its[step].goal for step in ("respond", "assign", "resolve")] == [95, 85, 85]


def test_hours_that_are_meant_where_the_product_is_follow_its_zone() -> None:
    """Standard business hours (SAS) and the on-site hours of an asset; a help desk stays where it is."""
    denver = ZoneInfo("America/Denver")
    received = at("2026-11-20 17:30")  # 16:30 in Denver
    avaya, agility = load_contract("avaya-essential"), load_contract("agility")
    assert moment(known(avaya.due("business-impact", "respond", received))) == "Mon 2026-11-23 17:00 CST"
    there = avaya.at(denver)
    assert moment(known(there.due("business-impact", "respond", received))) == "Fri 2026-11-20 17:00 MST"
    assert there.at(ZONE).hours() == avaya.hours()

    follows = an_agreement("agility", respond_follows_asset=True).at(denver)
    assert moment(known(follows.due("major", "respond", received, coverage="8x5"))) == (
        "Mon 2026-11-23 10:30 MST"
    )
    assert moment(known(follows.due("major", "respond", received, coverage="24x7"))) == (
        "Fri 2026-11-20 20:30 CST"
    )
    assert agility.at(denver).hours() == agility.hours()


# --- a site and its contract ------------------------------------------------------------------------------

SITE = """\
site: Somewhere
zone: America/Denver
locations: [{name: main}]
systems:
  - name: cm1
    product: communication_manager
    location: main
    address: 192.0.2.10
    snmp: {version: 2c, community: {env: COMMUNITY}}
"""


def site_with(folder: Path, contract_section: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(f"{SITE}contract:\n{contract_section}")
    return path


def test_a_site_gives_the_hours_that_its_contract_leaves_to_it(tmp_path: Path) -> None:
    own = '  calendars: {normal-business-hours: {zone: America/Chicago, open: {mon-fri: ["07:00-19:00"]}}}\n'
    plain = load_setup(site_with(tmp_path, "  name: intervision\n"), with_secrets=False).agreement
    given = load_setup(site_with(tmp_path, "  name: intervision\n" + own), with_secrets=False).agreement
    received = at("2026-11-20 17:30")
    assert moment(known(plain.due("p3", "respond", received))) == "Mon 2026-11-23 11:30 MST"  # 30 min left
    assert moment(known(given.due("p3", "respond", received))) == "Mon 2026-11-23 09:30 CST"  # 90 min left
    for agreement in (plain, given):  # C3: as the journal keeps it
        assert Agreement.read(agreement.written()) == agreement


def test_hours_that_a_site_gives_are_its_own_wherever_the_product_is(tmp_path: Path) -> None:
    own = '  calendars: {normal-business-hours: {zone: America/Chicago, open: {mon-fri: ["07:00-19:00"]}}}\n'
    given = load_setup(site_with(tmp_path, "  name: intervision\n" + own), with_secrets=False).agreement
    assert given.at(ZoneInfo("Europe/Paris")).hours().zone == ZONE


def test_the_mapped_contract_takes_the_channel_and_the_hours_of_the_site(tmp_path: Path) -> None:
    section = """\
  mapped: avaya-essential
  decisions: {channel: phone, minor_reading: from_next_opening}
  calendars: {standard-business-hours: {zone: America/Chicago, open: {mon-fri: ["07:00-19:00"]}}}
"""
    mapped = load_setup(site_with(tmp_path, section), with_secrets=False).mapped
    assert mapped is not None
    due = known(mapped.due("business-impact", "respond", at("2026-11-20 10:00")))
    assert moment(due) == "Mon 2026-11-23 19:00 CST"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            "  name: agilty\n",
            "11:9: contract.name: expected a contract that is shipped (did you mean 'agility'?); "
            "got 'agilty'",
        ),
        (
            "  mapped: vendor\n",
            "11:11: contract.mapped: expected a contract that is shipped (one of agility, avaya-essential, "
            "avaya-preferred, intervision); got 'vendor'",
        ),
        (
            '  calendars: {nights: {zone: America/Chicago, open: {mon-fri: ["07:00-19:00"]}}}\n',
            "11:23: contract.calendars.nights: expected the name of a calendar of the contract (one of "
            "schedule-b, order, 24x7, dispatch, service-affecting, on-site-8x5); got 'nights'",
        ),
        (
            "  decisions: {coverage_hours: nights}\n",
            "11:31: contract.decisions.coverage_hours: expected a calendar of the contract agility (one of "
            "24x7, dispatch, on-site-8x5, order, schedule-b, service-affecting); got 'nights'",
        ),
        (
            "  term: {begins: 2026-02-01, ends: 2026-01-31}\n",
            "11:9: contract.term: expected a term that ends after it begins; got 2026-02-01 to 2026-01-31",
        ),
    ],
)
def test_a_wrong_contract_section_of_a_site_is_told_with_its_line(
    tmp_path: Path, section: str, said: str
) -> None:
    path = site_with(tmp_path, section)
    with pytest.raises(ConfigError) as refused:
        load_setup(path, with_secrets=False)
    assert str(refused.value) == f"{path}:{said}"


@pytest.mark.parametrize("name", [*SHIPPED, "config/contracts/intervision.yaml"])
def test_check_prints_a_contract(name: str) -> None:
    done = CliRunner().invoke(app, ["check", "--contract", name.replace("config", str(CONFIG))])
    assert done.exit_code == 0
    assert " is right." in done.output
    assert contract(name.rpartition("/")[2].removesuffix(".yaml")).catch_all.id in done.output


def test_check_tells_the_mistakes_of_a_contract_and_exits_with_2() -> None:
    (path,) = (path for path in WRONG if path.stem == "targets")
    done = CliRunner().invoke(app, ["check", "--contract", str(path)])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        f"{path}:{line}" for line in path.with_suffix(".txt").read_text().splitlines()
    ]
