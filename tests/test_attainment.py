"""How many targets of a month were met: what counts, what does not and why, by the journal alone."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from agent.acts import Assigned, Reclassified, Responded
from agent.agreement import Agreement
from agent.attainment import Attainment, attainment, month_bounds, ratios
from agent.cli import app
from agent.cli_attainment import show
from agent.entries import AgentStarted, AgentStopped, Body, Entry, Opened, Reopened, Resolved, Updated
from agent.failures import Key, Responsibility, Ruling
from agent.knowledge import Knowledge
from agent.questions import ATTAINMENT
from agent.sight import Sight
from agent.tickets import Tickets
from tests.lab.site import write_site
from tests.promised import at, three_steps
from tests.story import ZONE, an_agreement

AGILITY = an_agreement("agility")
END = "2026-12-31 12:00"


class Journal:
    """Entries written by hand: a ticket's life in a few lines. Numbers of tickets count up."""

    def __init__(self, agreement: Agreement = AGILITY) -> None:
        self.entries: list[Entry] = []
        self._tickets = 0
        self.write("2026-10-31 00:00", agreement.written())

    def write(self, when: str, *bodies: Body) -> None:
        for body in bodies:
            self.entries.append(Entry(len(self.entries) + 1, at(when), body))

    def opens(self, when: str, severity: str = "major", **more: Any) -> str:
        """A new ticket, received then; its id."""
        self._tickets += 1
        name = f"TW-{self._tickets:06d}"
        ruling = a_ruling(severity, **more)
        key = Key("cm1", "equipment", f"part {self._tickets}")
        self.write(
            when,
            Opened(ticket=name, key=key, location=None, ruling=ruling, began=at(when), contract="agility 1"),
        )
        return name

    def answers(self, when: str, ticket: str) -> None:
        self.write(when, Responded(ticket=ticket, by="ana", uid=1000))

    def heals(self, when: str, ticket: str, by: str = "") -> None:
        self.write(when, Resolved(ticket=ticket, reason="seen well", by=by))

    def figures(self, month: str = "2026-11", now: str = END, *, running: bool = True) -> Attainment:
        """What the command says of that month."""
        return attainment(
            month,
            Tickets.fold(self.entries),
            Sight.fold(self.entries),
            zone=ZONE,
            systems=("cm1", "gw-east"),
            now=at(now),
            running=running,
        )

    def rows(self, month: str = "2026-11", now: str = END) -> dict[str, str]:
        """Severity and step: `rounds met breached open over per cent`, where there are rounds."""
        return {
            f"{row.severity} {row.step}": f"{row.rounds} {row.met} {row.breached} {row.open} {row.over}"
            f" {row.percent}"
            for row in self.figures(month, now).rows
            if row.rounds
        }


def a_ruling(severity: str, responsibility: Responsibility = "vendor", outcome: Any = "ticket") -> Ruling:
    return Ruling(
        severity=severity,
        clause="not-major",
        clauses=("not-major",),
        rules=(),
        summary="out of use",
        responsibility=responsibility,
        note="",
        evidence=(),
        outcome=outcome,
    )


# --- met or not -------------------------------------------------------------------------------------------


def test_an_answer_at_the_due_instant_meets_it_and_a_late_one_does_not() -> None:
    journal = Journal()
    for answered in ("2026-11-18 11:00", "2026-11-18 13:00", "2026-11-18 13:01"):
        journal.answers(answered, journal.opens("2026-11-18 10:00"))
    journal.opens("2026-11-18 10:00")  # never answered
    assert journal.rows() == {"major respond": "4 2 2 0 0 50.0"}


def test_what_is_not_due_yet_is_not_decided_and_says_when() -> None:
    journal = Journal()
    name = journal.opens("2026-11-18 10:00")
    assert journal.rows(now="2026-11-18 13:00") == {"major respond": "1 0 0 1 0 None"}
    (left,) = journal.figures(now="2026-11-18 12:00").not_rated
    assert left.why == "respond as major: not decided yet, due Wed 2026-11-18 13:00 CST"
    assert (left.ticket, left.round) == (name, 1)
    assert journal.rows(now="2026-11-18 13:01") == {"major respond": "1 0 1 0 0 0.0"}


def test_a_failure_that_is_gone_before_anybody_had_to_act_is_neither_met_nor_missed() -> None:
    journal = Journal()
    journal.heals("2026-11-18 12:59", journal.opens("2026-11-18 10:00"))
    journal.heals("2026-11-18 13:01", journal.opens("2026-11-18 10:00"))  # it was due while it lasted
    assert journal.rows() == {"major respond": "2 0 1 0 1 0.0"}
    (left,) = journal.figures().not_rated
    assert left.why == "respond as major: the failure was gone before it was due"


def test_a_person_who_resolves_it_has_answered_it() -> None:
    journal = Journal()
    journal.heals("2026-11-18 12:59", journal.opens("2026-11-18 10:00"), by="ana")
    assert journal.rows() == {"major respond": "1 1 0 0 0 100.0"}


# --- which class, round and month ---------------------------------------------------------------------------


def test_an_upgrade_counts_in_both_classes() -> None:
    """C1: the answer meets the minor's target, and comes too late for the major's."""
    journal = Journal()
    name = journal.opens("2026-11-18 08:00", "minor")
    journal.write("2026-11-18 09:00", Updated(ticket=name, ruling=a_ruling("major")))
    journal.answers("2026-11-18 15:00", name)
    assert journal.rows() == {"major respond": "1 0 1 0 0 0.0", "minor respond": "1 1 0 0 0 100.0"}


def test_a_downgrade_by_the_evidence_opens_no_target_and_counts_once() -> None:
    """C5."""
    journal = Journal()
    name = journal.opens("2026-11-18 10:00")
    journal.write("2026-11-18 10:30", Updated(ticket=name, ruling=a_ruling("minor")))
    journal.answers("2026-11-18 15:00", name)
    assert journal.rows() == {"major respond": "1 0 1 0 0 0.0"}


@pytest.mark.parametrize(
    ("answered", "row"), [("2026-11-18 12:00", "1 1 0 0 0 100.0"), ("2026-11-18 15:00", "1 0 1 0 0 0.0")]
)
def test_a_class_that_a_person_gave_keeps_the_ticket_in_both_and_is_listed(answered: str, row: str) -> None:
    journal = Journal()
    name = journal.opens("2026-11-18 10:00")
    journal.write(
        "2026-11-18 10:30", Reclassified(ticket=name, severity="minor", by="ben", uid=1, note="no callers")
    )
    journal.answers(answered, name)
    assert journal.rows() == {"major respond": row, "minor respond": row}
    (listed,) = journal.figures().reclassified
    assert (listed.ticket, listed.classes) == (name, ("major", "minor by ben: no callers"))


def test_each_reopening_is_a_round_of_its_own() -> None:
    """C2."""
    journal = Journal()
    name = journal.opens("2026-11-18 10:00")
    journal.answers("2026-11-18 11:00", name)
    journal.heals("2026-11-18 12:00", name)
    journal.write(
        "2026-11-18 14:00",
        Reopened(
            ticket=name,
            key=Key("cm1", "equipment", "part 1"),
            ruling=a_ruling("major"),
            began=at("2026-11-18 13:59"),
        ),
    )
    assert journal.rows() == {"major respond": "2 1 1 0 0 50.0"}


def test_a_round_belongs_to_the_month_of_its_receipt_by_the_sites_clock() -> None:
    journal = Journal()
    for received in ("2026-10-31 23:59", "2026-11-01 00:00", "2026-11-30 23:59", "2026-12-01 00:00"):
        journal.opens(received)
    for month, rounds in (("2026-10", 1), ("2026-11", 2), ("2026-12", 1)):
        rows = journal.figures(month).rows
        (row,) = [row for row in rows if (row.severity, row.step) == ("major", "respond")]
        assert row.rounds == rounds
    assert "2 rounds of other months not counted here" in journal.figures().notes
    begin, end = month_bounds("2026-12", ZONE)
    assert (begin, end) == (at("2026-12-01 00:00"), at("2027-01-01 00:00"))


def test_a_ticket_is_rated_by_the_contract_that_it_was_classified_by() -> None:
    """C3."""
    journal = Journal()
    journal.answers("2026-11-18 12:00", journal.opens("2026-11-18 10:00"))
    journal.write("2026-11-19 10:00", three_steps().written())
    journal.answers("2026-11-19 12:00", journal.opens("2026-11-19 11:00", "p1"))
    found = {(row.contract, row.severity, row.step): row for row in journal.figures().rows if row.rounds}
    assert found[AGILITY.contract.label, "major", "respond"].met == 1
    assert found["three-steps 1", "p1", "respond"].breached == 1


# --- three steps with goals --------------------------------------------------------------------------------


def test_three_steps_are_held_against_their_goals() -> None:
    journal = Journal(three_steps())
    for number in range(20):
        name = journal.opens("2026-11-18 10:00", "p1")
        journal.answers("2026-11-18 10:18" if number else "2026-11-18 10:19", name)  # 19 of 20: 95 %
        if number < 16:  # 80 %
            journal.write("2026-11-18 10:30", Assigned(ticket=name, to="ben", by="ana", uid=1))
        journal.heals("2026-11-18 14:00" if number < 17 else "2026-11-18 14:01", name)  # 85 %
    rows = {row.step: row for row in journal.figures().rows if row.severity == "p1"}
    assert {step: (row.percent, row.goal, row.reached) for step, row in rows.items()} == {
        "respond": (95.0, 95, True),
        "assign": (80.0, 85, False),
        "resolve": (85.0, 85, True),
    }


def test_a_share_just_below_the_goal_is_not_shown_as_the_goal() -> None:
    journal = Journal(three_steps())
    for number in range(1999):  # 1899 of them: 94.997 %
        name = journal.opens("2026-11-18 10:00", "p1")
        journal.answers("2026-11-18 10:10" if number < 1899 else "2026-11-18 10:30", name)
    (row,) = [row for row in journal.figures().rows if (row.severity, row.step) == ("p1", "respond")]
    assert (row.percent, row.reached) == (94.9, False)


def test_every_target_of_the_contract_has_its_row_also_where_nothing_happened() -> None:
    rows = Journal().figures().rows
    assert [(row.severity, row.step, row.rounds, row.percent, row.goal) for row in rows] == [
        ("major", "respond", 0, None, None),
        ("major", "return", 0, None, None),
        ("minor", "respond", 0, None, None),
        ("minor", "return", 0, None, None),
    ]


# --- what is left out, and what is said of it ---------------------------------------------------------------


def test_notifications_and_records_are_left_out_by_name() -> None:
    journal = Journal()
    journal.opens("2026-11-18 10:00", outcome="notification")
    journal.opens("2026-11-18 10:00", outcome="record")
    assert journal.rows() == {}
    assert [each.why for each in journal.figures().not_rated] == [
        "a notification: the contract sets no target for it",
        "a record: the contract sets no target for it",
    ]


def test_whose_it_is_changes_no_figure_and_is_shown() -> None:
    journal = Journal()
    journal.answers("2026-11-18 11:00", journal.opens("2026-11-18 10:00"))
    journal.opens("2026-11-18 10:00", responsibility="not_covered")
    figures = journal.figures()
    assert journal.rows() == {"major respond": "2 1 1 0 0 50.0"}
    assert [(share.responsibility, share.rounds, share.met, share.breached) for share in figures.shares] == [
        ("not_covered", 1, 0, 1),
        ("vendor", 1, 1, 0),
    ]
    assert "rounds count whoever is responsible: the contract's clauses except nobody" in figures.notes


def test_the_minutes_in_which_nobody_watched_stand_beside_the_figures() -> None:
    journal = Journal()
    started = AgentStarted(version="1", contract="agility 1")
    journal.write("2026-11-02 00:00", started)
    journal.write("2026-11-18 10:00", AgentStopped())
    journal.write("2026-11-18 10:07", started)
    figures = journal.figures()
    assert [(each.system, each.minutes) for each in figures.unmonitored] == [
        (None, 7),
        ("cm1", 7),
        ("gw-east", 7),
    ]
    assert any(note.startswith("watched from Mon 2026-11-02 00:00") for note in figures.notes)
    journal.write("2026-11-30 23:00", AgentStopped())
    stopped = journal.figures(running=False)
    assert stopped.unmonitored[0].minutes == 67  # to the end of the month, and not of the year


def test_a_kill_says_that_the_minutes_are_at_most_those() -> None:
    journal = Journal()
    started = AgentStarted(version="1", contract="agility 1")
    journal.write("2026-11-18 10:00", started)
    journal.write("2026-11-18 10:40", started)
    assert journal.figures().unmonitored[0].at_most
    assert not journal.figures("2026-12").unmonitored[0].at_most


# --- the figures of the running month ---------------------------------------------------------------------


def test_the_metric_of_this_month_is_what_the_command_says() -> None:
    journal = Journal()
    journal.opens("2026-10-31 23:00")  # of the month before
    for answered in ("2026-11-18 11:00", "2026-11-18 12:00", "2026-11-18 13:01"):
        journal.answers(answered, journal.opens("2026-11-18 10:00"))
    now = at("2026-11-20 12:00")
    found = ratios(Knowledge.fold(journal.entries).deadlines, ZONE, now)
    assert found == {("major", "respond"): pytest.approx(2 / 3)}
    (row,) = [row for row in journal.figures(now="2026-11-20 12:00").rows if row.rounds]
    assert (row.met, row.breached) == (2, 1)


# --- the command ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "november", "2026-11-01", "0000-01", "٢٠٢٦-11"])
def test_what_is_no_month_is_refused_in_one_sentence(month: str, tmp_path: Any) -> None:
    site = write_site(tmp_path)
    done = CliRunner().invoke(app, ["attainment", "--month", month, "--site", str(site)])
    assert done.exit_code == 2
    assert done.output == f"expected a month such as 2026-11; got {month!r}\n"


def test_the_screen_shows_the_figures_the_goal_and_what_is_not_rated() -> None:
    journal = Journal(three_steps())
    name = journal.opens("2026-11-18 10:00", "p1")
    journal.answers("2026-11-18 10:05", name)
    journal.opens("2026-11-18 10:00", "p3", responsibility="carrier")
    screen = Console(file=io.StringIO(), width=140, record=True)
    screen.print(show(journal.figures(now="2026-11-18 10:20")))
    text = screen.export_text()
    for words in (
        "100.0",
        "95",
        "not decided yet",
        "by responsibility",
        "carrier",
        "three-steps 1",
        "minutes",
    ):
        assert words in text


def test_the_answer_survives_the_way_over_the_socket() -> None:
    journal = Journal()
    journal.opens("2026-11-18 10:00")
    figures = journal.figures()
    again = ATTAINMENT.validate_python(ATTAINMENT.dump_python(figures, mode="json"))
    assert ATTAINMENT.dump_json(again) == ATTAINMENT.dump_json(figures)


# --- whatever happens -------------------------------------------------------------------------------------

LIFE = ("respond", "assign", "worse", "better", "given", "heal", "reopen")


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60 * 24 * 40),
            st.sampled_from(["p1", "p3"]),
            st.lists(st.tuples(st.sampled_from(LIFE), st.integers(0, 60 * 60)), max_size=8),
        ),
        max_size=6,
    )
)
def test_met_missed_open_and_over_are_all_the_targets_that_were_opened(
    lives: list[tuple[int, str, list[tuple[str, int]]]],
) -> None:
    told: list[tuple[int, Body]] = []
    for number, (begin, severity, acts) in enumerate(lives, start=1):
        name = f"TW-{number:06d}"
        who: dict[str, Any] = {"ticket": name, "by": "ana", "uid": 1}
        key = Key("cm1", "equipment", name)
        opened = Opened(
            ticket=name,
            key=key,
            location=None,
            ruling=a_ruling(severity),
            began=at("2026-11-01 00:00"),
            contract="",
        )
        told.append((begin, opened))
        minute, is_open = begin, True
        for what, passed in acts:
            minute += passed
            if is_open == (what == "reopen"):
                continue
            is_open = what != "heal"
            body: Any = {
                "respond": Responded(**who),
                "assign": Assigned(to="ben", **who),
                "worse": Updated(ticket=name, ruling=a_ruling("p1")),
                "better": Updated(ticket=name, ruling=a_ruling("p3")),
                "given": Reclassified(severity="p3", note="x", **who),
                "heal": Resolved(ticket=name, reason="seen well"),
                "reopen": Reopened(
                    ticket=name, key=key, ruling=a_ruling(severity), began=at("2026-11-01 00:00")
                ),
            }[what]
            told.append((minute, body))
    told.sort(key=lambda each: each[0])
    journal = Journal(three_steps())
    start = at("2026-11-01 00:00")
    journal.entries += [
        Entry(number, start + timedelta(minutes=minute), body)
        for number, (minute, body) in enumerate(told, start=2)
    ]
    now = start + timedelta(days=20)
    figures = attainment(
        "2026-11",
        tickets := Tickets.fold(journal.entries),
        Sight(),
        zone=ZONE,
        systems=(),
        now=now,
        running=True,
    )
    # A class counts in a round that was received in it, rose to it, or was given it by a person.
    rounds = Counter[str]()
    for ticket in tickets.by_id.values():
        for each in ticket.rounds:
            if each.received < at("2026-12-01 00:00"):
                first, given = each.classes[0].severity, any(one.by for one in each.classes)
                rounds["p1"] += any(one.severity == "p1" for one in each.classes)
                rounds["p3"] += first == "p3" or given
    for row in figures.rows:
        assert row.rounds == row.met + row.breached + row.open + row.over
        assert row.rounds == (0 if row.step == "return" else rounds[row.severity])
    assert sum(share.rounds for share in figures.shares) == 3 * rounds.total()
    assert len(figures.not_rated) == sum(row.open + row.over for row in figures.rows)
