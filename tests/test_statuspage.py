"""The status page's words, as pure functions of a view, and what hostile text becomes on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from agent.child_view import ChildView
from agent.shipped import shipped
from agent.statuspage import StatusPage, access_words, headline
from agent.views import AccessView, AgentView
from tests.site_view import AES, CALM, CM, DARK, FAN, G430, NOW, RICH, TRUNKS, UNASKED, system

PAGE = StatusPage(shipped("templates/status.html.j2").read_text(encoding="utf-8"))


def test_what_a_device_says_is_text_on_the_page_and_never_markup() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    hostile = system("g1", replace(DARK, error_text=evil), title=evil)
    ticket = replace(TRUNKS, summary=evil, note=evil, evidence=(evil,), left_out=(evil,), clause_text=evil)
    page = PAGE.render(replace(RICH, site=evil, systems=(hostile,), tickets=(ticket,), pending_text=(evil,)))
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_a_ticket_shows_what_hangs_on_it_and_since_when_nobody_knows() -> None:
    child = ChildView(
        system="cm1",
        component=None,
        role="stations",
        severity="minor",
        clause="not-major",
        summary="40 of 150 <b>stations</b> missing",
        of="",
        why="phones went when gw-east was lost",
        began=NOW,
        joined=NOW,
        state="failing",
        rules=("S1",),
        responsibility="vendor",
    )
    many = (child, *(replace(child, system=f"gw-{number}", state="well") for number in range(15)))
    page = PAGE.render(
        replace(
            RICH, tickets=(replace(FAN, children=many, related=("TW-7 is its cause",), unseen_since=NOW),)
        )
    )
    assert "with it: cm1 stations, 40 of 150 &lt;b&gt;stations&lt;/b&gt; missing<" in page
    assert "with it: gw-0 stations, 40 of 150 &lt;b&gt;stations&lt;/b&gt; missing, well again" in page
    assert "with it: 4 more" in page
    assert "TW-7 is its cause" in page
    assert "nobody knows whether it still fails" in page


@pytest.mark.parametrize(
    ("view", "tone", "title"),
    [
        (CALM, "calm", "No failure found"),
        (RICH, "worst", "1 major failure and 1 minor failure"),
        (replace(RICH, tickets=(FAN,)), "lesser", "1 minor failure"),
        (replace(RICH, tickets=(FAN, replace(FAN, id="TW-2"))), "lesser", "2 minor failures"),
        (replace(RICH, tickets=(replace(FAN, severity="P1"),)), "worst", "1 P1 failure"),
        (replace(CALM, systems=(CM, G430)), "blind", "No failure found in what can be seen"),
        (
            replace(CALM, systems=(system("cm1", *CM.accesses, replace(DARK, protocol="ssh")),)),
            "blind",
            "No failure found in what can be seen",
        ),
        (replace(CALM, systems=(G430,)), "blind", "No system can be seen"),
        (replace(CALM, now=NOW + timedelta(hours=1)), "blind", "No system can be seen"),
        (replace(CALM, systems=(CM, AES)), "waiting", "Not known yet"),
        (replace(CALM, systems=(system("x"),)), "waiting", "Not known yet"),
        (replace(CALM, systems=()), "waiting", "Not known yet"),
        (replace(CALM, pending=1), "waiting", "No ticket; something is not well"),
        (replace(RICH, healthy=(False, "Stopped.")), "blind", "The agent is not watching"),
    ],
)
def test_the_first_sentence_never_calls_well_what_could_not_be_looked_at(
    view: AgentView, tone: str, title: str
) -> None:
    told = headline(view)
    assert (told.tone, told.title) == (tone, title)
    assert title in PAGE.render(view)


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (CM.accesses[0], "answered 4s ago"),
        (UNASKED, "not asked yet"),
        (DARK, "not seen since 16:52:36, 12m 34s ago: no answer"),
        (replace(DARK, error="refused", last_success=None),
         "not seen since the agent started Wed 2026-11-18 13:05 CST: it refused the credentials"),
        (replace(CM.accesses[0], last_poll=NOW - timedelta(hours=2), last_success=NOW - timedelta(hours=2)),
         "not seen since 15:05:10, 2h ago: not asked for 2h"),
    ],
)  # fmt: skip
def test_each_way_of_asking_says_since_when_and_why(access: AccessView, words: str) -> None:
    assert access_words(access, RICH) == words


def test_an_overdue_ticket_says_so() -> None:
    page = PAGE.render(replace(RICH, tickets=(replace(TRUNKS, respond_by=NOW - timedelta(minutes=12)),)))
    assert page.count("due 12m ago") == 2


@pytest.mark.parametrize(
    ("synchronised", "words"),
    [
        (True, "clock is synchronised."),
        (False, "clock is not synchronised."),
        (None, "clock is synchronised is not known."),
    ],
)
def test_the_page_says_what_is_known_of_the_agents_own_clock(synchronised: bool | None, words: str) -> None:
    assert words in PAGE.render(replace(CALM, clock_synchronised=synchronised))


def test_what_raises_no_ticket_is_counted_beside_its_system() -> None:
    page = PAGE.render(RICH)
    assert "3 vendor warnings, 2 alarms found at installation, to be adopted" in page
    assert "0 vendor warnings" not in page
    assert page.count("no, on purpose") == 1


def test_what_a_product_can_never_tell_stands_beside_its_system() -> None:
    border = replace(RICH.systems[0], not_seen=("whether calls pass: <sessions>",))
    page = PAGE.render(replace(RICH, systems=(border, *RICH.systems[1:])))
    assert "what is never seen of it" in page
    assert "<li>whether calls pass: &lt;sessions&gt;</li>" in page
    assert "what is never seen of it" not in PAGE.render(RICH)


def test_a_ticket_of_a_wrong_clock_says_so() -> None:
    page = PAGE.render(replace(RICH, tickets=(replace(TRUNKS, clock_note="the clock was set +3600 s"),)))
    assert "When it was raised, the clock was set +3600 s." in page
    assert "When it was raised" not in PAGE.render(RICH)


def test_the_maintenance_windows_in_force_are_listed() -> None:
    page = PAGE.render(RICH)
    assert "Maintenance windows in force" in page
    assert (
        "CH-000007, until Fri 2026-11-20 19:00 CST: system g450-dallas; standard, CHG-9: &lt;fans&gt;" in page
    )
    assert "Maintenance windows" not in PAGE.render(CALM)
