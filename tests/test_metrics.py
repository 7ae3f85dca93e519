"""The metrics page: the whole text once, what vanishes and what stays, and promtool's opinion."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from agent.metrics import render, render_for
from agent.views import AgentView
from collectors.base import Metric, Sample
from collectors.products import find_products
from tests.site_view import (
    CALM,
    CM,
    DARK,
    ERRORS,
    FAN,
    G430,
    MEMBERS,
    NOW,
    RICH,
    UNASKED,
    UPTIME,
    good,
    system,
)

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"


def values(view: AgentView) -> dict[str, float]:
    found = {}
    for text in render(view).decode().splitlines():
        if not text.startswith("#"):
            series, value = text.rsplit(" ", 1)
            assert series not in found, f"{series} stands twice"
            found[series] = float(value)
    return found


def check(page: bytes) -> None:
    promtool = shutil.which("promtool") or pytest.skip("promtool is not installed: apt install prometheus")
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_whole_page_of_a_rich_site_is_the_golden_one() -> None:
    # What the process uses differs from run to run; that it is there does not.
    page = re.sub(
        r"^(process_(?:cpu|max|resident|open)\S+) \S+$", r"\1 ~", render(RICH).decode(), flags=re.MULTILINE
    )
    assert page == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("view", [RICH, CALM], ids=["rich", "calm"])
def test_promtool_finds_nothing_to_complain_of(view: AgentView) -> None:
    check(render(view))


def test_openmetrics_is_spoken_to_who_asks_for_it_and_the_plain_text_to_everyone_else() -> None:
    asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    page, content_type = render_for(RICH, asked)
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    plain, plain_type = render_for(RICH, "text/plain, application/json; version=nonsense")
    assert plain_type.startswith("text/plain; version=0.0.4")
    families = parse_openmetrics(page.decode())  # type: ignore[no-untyped-call]  # prometheus_client's gap
    told = [s for family in families for s in family.samples if not s.name.startswith("process_")]
    assert len(told) > 30
    assert told == [
        s for family in parse(plain.decode()) for s in family.samples if not s.name.startswith("process_")
    ]


def test_a_broken_version_in_the_accept_header_costs_nothing() -> None:
    assert render_for(CALM, "application/openmetrics-text; version=nonsense")[0].endswith(b"# EOF\n")


def test_values_outlive_a_failed_poll_and_vanish_after_three_while_up_stays_zero() -> None:
    value, up = 'avaya_uptime_seconds{system="g1"}', 'avaya_up{protocol="snmp",system="g1"}'
    failed = replace(DARK, last_success=NOW - timedelta(seconds=120), samples_at=NOW - timedelta(seconds=120))
    told = values(replace(CALM, systems=(system("g1", failed),)))
    assert (told[value], told[up]) == (86400.0, 0.0)
    later = values(replace(CALM, systems=(system("g1", failed),), now=NOW + timedelta(seconds=61)))
    assert value not in later
    assert later[up] == 0.0


def test_a_schedule_that_stopped_is_not_taken_for_systems_that_answer() -> None:
    later = values(replace(RICH, now=NOW + timedelta(minutes=10)))
    assert {value for series, value in later.items() if series.startswith("avaya_up")} == {0.0}
    assert not [series for series in later if series.startswith(("avaya_trunk", "avaya_uptime"))]


def test_a_slow_system_is_not_taken_for_one_that_is_gone() -> None:
    slow = replace(good(Sample(UPTIME, 5.0), seconds_ago=190), seconds=70.0)
    told = values(replace(CALM, systems=(system("cm1", slow),)))
    assert told['avaya_up{protocol="snmp",system="cm1"}'] == 1.0
    assert told['avaya_uptime_seconds{system="cm1"}'] == 5.0


def test_what_was_never_asked_is_absent_and_not_zero() -> None:
    told = values(replace(CALM, systems=(system("aes1", UNASKED),)))
    assert not [series for series in told if "aes1" in series]


def test_a_series_told_by_two_protocols_stands_once_by_the_first_in_authority() -> None:
    both = system(
        "cm1",
        good(Sample(UPTIME, 1.0), protocol="sat"),
        good(Sample(UPTIME, 2.0), Sample(MEMBERS, 3.0, ("1", "in-service"))),
    )
    told = values(replace(CALM, systems=(both,)))
    assert told['avaya_uptime_seconds{system="cm1"}'] == 1.0
    assert told['avaya_trunk_members{group="1",state="in-service",system="cm1"}'] == 3.0
    assert told['trunkwatch_samples_left_out{protocol="snmp",system="cm1"}'] == 0.0
    assert (
        told['avaya_up{protocol="sat",system="cm1"}'] == told['avaya_up{protocol="snmp",system="cm1"}'] == 1
    )
    check(render(replace(CALM, systems=(both,))))


def test_a_series_of_a_protocol_that_went_dark_gives_way_to_the_other_after_three_polls() -> None:
    both = system("cm1", replace(DARK, protocol="sat"), good(Sample(UPTIME, 2.0)))
    told = values(replace(CALM, systems=(both,)))
    assert told['avaya_uptime_seconds{system="cm1"}'] == 2.0
    assert told['avaya_up{protocol="sat",system="cm1"}'] == 0
    check(render(replace(CALM, systems=(both,))))


def test_a_sample_that_does_not_fit_costs_only_itself_and_is_counted() -> None:
    gauge_of_a_counter = Metric(ERRORS.name, "As a gauge.", ("interface",))
    broken = system(
        "g1",
        good(
            Sample(MEMBERS, 1.0, ("one label of two",)),
            Sample(UPTIME, 1.0),
            Sample(UPTIME, 2.0),
            Sample(ERRORS, 4.0, ("1/1",)),
            Sample(gauge_of_a_counter, 9.0, ("1/2",)),
        ),
    )
    told = values(replace(CALM, systems=(broken, CM)))
    assert told['trunkwatch_samples_left_out{protocol="snmp",system="g1"}'] == 3.0
    assert told['avaya_uptime_seconds{system="g1"}'] == 1.0
    assert told['avaya_interface_errors_total{interface="1/1",system="g1"}'] == 4.0
    assert told['avaya_trunk_members{group="2",state="in-service",system="cm1"}'] == 23.0


def test_every_severity_of_the_contract_has_a_number_before_the_first_ticket() -> None:
    told = values(CALM)
    counts = [value for series, value in told.items() if series.startswith("trunkwatch_tickets_open")]
    assert counts == [0.0] * 16


def test_a_ticket_of_a_severity_that_the_contract_no_longer_has_is_still_counted() -> None:
    told = values(replace(CALM, tickets=(replace(FAN, severity="P2"),)))
    assert told['trunkwatch_tickets_open{responsibility="vendor",severity="P2"}'] == 1.0


def test_neither_ticket_id_nor_error_text_nor_summary_is_told() -> None:
    page = render(replace(RICH, systems=(*RICH.systems, replace(G430, name="g2")))).decode()
    assert not re.search(r"TW-|no answer|trunks out of service|unreachable", page)


def test_a_name_with_quotes_and_newlines_stays_one_label() -> None:
    odd = good(Sample(MEMBERS, 1.0, ('a"b\\c\nd', "in-service")))
    page = render(replace(CALM, systems=(system("cm1", odd),))).decode()
    samples = [s for family in parse(page) for s in family.samples if s.name == MEMBERS.name]
    assert [s.labels["group"] for s in samples] == ['a"b\\c\nd']


def test_the_metrics_of_all_products_fit_one_page_and_promtool_likes_them() -> None:
    declared: dict[str, Metric] = {}
    for product in find_products().values():
        for metric in product.metrics:
            assert re.fullmatch(r"avaya_[a-z0-9_]+", metric.name), metric
            assert metric.name.endswith("_total") == (metric.kind == "counter"), metric
            assert not {"system", "protocol", "le", "quantile"} & set(metric.labels), metric
            assert declared.setdefault(metric.name, metric) == metric, "two products disagree on a metric"
    samples = [Sample(metric, 1.0, tuple("x" for _ in metric.labels)) for metric in declared.values()]
    view = replace(CALM, systems=(system("one", good(*samples)),))
    assert values(view)['trunkwatch_samples_left_out{protocol="snmp",system="one"}'] == 0.0
    check(render(view))
