"""Every product against its recordings: what it makes of a poll, and what it makes of a broken one."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import Answers, Findings, Metric, PollError, Product, ProtocolName, Value
from collectors.products import facts_markdown, find_products
from tests.recordings import FOLDER, Recording, answers_of, healed, load, poll_of, recordings, replay, told

PRODUCTS = find_products()
CASES = [recording for name in sorted(PRODUCTS) for recording in recordings(name)]
READABLE = [case for case in CASES if "error" not in case.expect]
OVER_SNMP = [case for case in READABLE if case.protocol == "snmp"]
WAYS = [(product, protocol) for product in PRODUCTS.values() for protocol in product.polls]
REQUIRED = ("healthy", "failing", "unreadable", "dead")
# A SIP listener is there with whatever it answers: what it can lose is its voice, and that is the dead one.
CANNOT_FAIL: frozenset[ProtocolName] = frozenset({"sip"})
METRICS = [metric for product in PRODUCTS.values() for metric in product.metrics]
each_product = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.product}-{case.name}")
each_readable = pytest.mark.parametrize("case", READABLE, ids=lambda case: f"{case.product}-{case.name}")
each_over_snmp = pytest.mark.parametrize("case", OVER_SNMP, ids=lambda case: f"{case.product}-{case.name}")
each_way = pytest.mark.parametrize(
    ("product", "protocol"), WAYS, ids=[f"{product.name}-{protocol}" for product, protocol in WAYS]
)


def prefix(product: Product, protocol: ProtocolName) -> str:
    """How the names of a protocol's recordings begin: those of a product's first protocol have no prefix."""
    return "" if protocol == next(iter(product.polls)) else f"{protocol}-"


def required(protocol: ProtocolName) -> tuple[str, ...]:
    """What must be recorded of a way."""
    return tuple(name for name in REQUIRED if name != "failing" or protocol not in CANNOT_FAIL)


# --- recordings exist, are whole, and read as they say ----------------------------------------------------


@each_way
def test_every_way_has_a_healthy_failing_unreadable_and_dead_recording(
    product: Product, protocol: ProtocolName
) -> None:
    wanted = [prefix(product, protocol) + name for name in required(protocol)]
    names = {recording.name for recording in recordings(product.name) if recording.protocol == protocol}
    missing = [name for name in wanted if name not in names]
    assert not missing, f"record tests/recordings/{product.name}/{{{','.join(missing)}}}.yaml"


@each_case
def test_the_name_of_a_recording_begins_with_its_protocol(case: Recording) -> None:
    product = PRODUCTS[case.product]
    named = [way for way in product.polls if prefix(product, way) and case.name.startswith(f"{way}-")]
    assert [case.protocol] == (named or list(product.polls)[:1])


def test_every_folder_of_recordings_belongs_to_a_product() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == PRODUCTS.keys()


@each_case
def test_a_recording_reads_as_it_says(case: Recording) -> None:
    assert told(replay(case, PRODUCTS[case.product])) == case.expect


@each_way
def test_the_four_required_recordings_are_what_their_names_say(
    product: Product, protocol: ProtocolName
) -> None:
    for name in required(protocol):
        outcome = replay(load(FOLDER / product.name / f"{prefix(product, protocol)}{name}.yaml"), product)
        if isinstance(outcome, Findings):
            parts = outcome.observations
            assert name in ("healthy", "failing")
            assert name == "healthy" or any(part.lost for part in parts)
            assert name == "failing" or all(part.lost in (0, None) and not part.unread for part in parts)
        else:
            assert outcome.kind == {"unreadable": "unreadable", "dead": "unreachable"}.get(name)


@each_way
def test_every_way_has_a_recording_of_verified_facts_only(product: Product, protocol: ProtocolName) -> None:
    every = [recording for recording in recordings(product.name) if recording.protocol == protocol]
    verified = [recording for recording in every if recording.facts == "verified"]
    assert verified or all(fact.known != "verified" for fact in product.facts)
    for recording in verified:
        assert recording.name.startswith(f"{prefix(product, protocol)}verified")
        assert recording.note.startswith("Only what")
        assert isinstance(replay(recording, product), Findings)


def test_a_question_that_is_not_recorded_is_named() -> None:
    case = load(FOLDER / "media_gateway" / "healthy.yaml")
    forgotten = next(iter(case.columns))
    less = replace(case, columns={oid: cells for oid, cells in case.columns.items() if oid != forgotten})
    with pytest.raises(AssertionError, match=f"column {forgotten} was asked for and is not recorded"):
        replay(less, PRODUCTS["media_gateway"])


def test_an_answer_that_nobody_asked_for_is_named() -> None:
    case = load(FOLDER / "media_gateway" / "healthy.yaml")
    more = replace(case, scalars={**case.scalars, "1.3.6.1.99.0": "integer 1"})
    with pytest.raises(AssertionError, match=r"never asked for: \['1\.3\.6\.1\.99\.0'\]"):
        replay(more, PRODUCTS["media_gateway"])


def test_a_command_that_is_not_recorded_or_not_asked_is_named() -> None:
    case = load(FOLDER / "media_gateway" / "ssh-healthy.yaml")
    less = replace(case, commands={name: text for name, text in case.commands.items() if name != "show temp"})
    with pytest.raises(AssertionError, match="'show temp' was asked for and is not recorded"):
        replay(less, PRODUCTS["media_gateway"])
    more = replace(case, commands={**case.commands, "show clock": "none"})
    with pytest.raises(AssertionError, match=r"never asked for: \['show clock'\]"):
        replay(more, PRODUCTS["media_gateway"])


# --- what a reading may hold ------------------------------------------------------------------------------


@each_readable
def test_a_component_is_stated_once_and_its_figures_are_sound(case: Recording) -> None:
    findings = replay(case, PRODUCTS[case.product])
    assert isinstance(findings, Findings)
    keys = Counter((part.role, part.component) for part in findings.observations)
    assert [key for key, count in keys.items() if count > 1] == []
    for part in findings.observations:
        assert len(part.detail) <= 120
        if part.unread:
            assert (part.lost, part.total, part.present, part.used) == (None, None, None, None), part
        elif part.role not in ("stations", "restart"):
            assert part.lost is not None, part
            assert part.total is not None, part
            assert 0 <= part.lost + part.degraded <= part.total, part


@each_readable
def test_every_sample_belongs_to_a_metric_that_the_product_declares(case: Recording) -> None:
    product = PRODUCTS[case.product]
    findings = replay(case, product)
    assert isinstance(findings, Findings)
    series = Counter((sample.metric.name, sample.labels) for sample in findings.samples)
    assert [key for key, count in series.items() if count > 1] == []
    for sample in findings.samples:
        assert sample.metric in product.metrics
        assert len(sample.labels) == len(sample.metric.labels)
        if sample.metric.name.endswith("_ratio"):
            assert 0 <= sample.value <= 1, sample


@each_product
def test_every_metric_is_shown_by_some_recording(product: Product) -> None:
    outcomes = [replay(case, product) for case in recordings(product.name)]
    shown = {s.metric for outcome in outcomes if isinstance(outcome, Findings) for s in outcome.samples}
    assert [metric.name for metric in product.metrics if metric not in shown] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_asks(metric: Metric) -> None:
    assert re.fullmatch(r"avaya(_[a-z0-9]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    units = "_(ms|msec|milliseconds|percent|pct|minutes|hours|fahrenheit|kilobytes|megabytes|mb|ticks)(_|$)"
    assert re.search(units, metric.name) is None, "base units only"
    assert metric.help.endswith(".")
    assert not metric.help.startswith(metric.name)
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) and label != "system" for label in metric.labels)


def test_products_that_share_a_metric_mean_the_same_by_it() -> None:
    by_name: dict[str, set[Metric]] = {}
    for metric in METRICS:
        by_name.setdefault(metric.name, set()).add(metric)
    assert [name for name, metrics in by_name.items() if len(metrics) > 1] == []


# --- a product is one file, or one folder with a file for each of its protocols ---------------------------


def _sources(product: Product) -> Iterator[tuple[str, ast.Module]]:
    """The files of a product: the name of its module or package, and what each holds."""
    home = ".".join(next(iter(product.polls.values())).read.__module__.split(".")[:2])
    path = Path(sys.modules[home].__file__ or "")
    for file in sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]:
        yield home, ast.parse(file.read_text(encoding="utf-8"))


@each_product
def test_a_product_imports_base_host_its_own_folder_and_the_standard_library_only(
    product: Product,
) -> None:
    for home, tree in _sources(product):
        found: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                found.add(node.module or "")
        foreign = {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}
        shared = (f"{home}.", "collectors.base.", "collectors.host.")
        assert [name for name in sorted(foreign) if not f"{name}.".startswith(shared)] == []


@each_product
def test_a_product_that_speaks_several_protocols_has_a_file_for_each(product: Product) -> None:
    asked = {name: (poll.ask.__module__, poll.read.__module__) for name, poll in product.polls.items()}
    if len(asked) > 1:
        assert asked == {name: (f"collectors.{product.name}.{name}",) * 2 for name in asked}


@each_product
def test_a_product_holds_no_clock_and_no_socket(product: Product) -> None:
    for _, tree in _sources(product):
        _holds_no_clock_and_no_socket(tree)


def test_what_products_share_of_a_host_holds_no_clock_and_no_socket() -> None:
    home = Path(sys.modules["collectors.host"].__file__ or "").parent
    for path in sorted(home.glob("*.py")):
        _holds_no_clock_and_no_socket(ast.parse(path.read_text(encoding="utf-8")))


def _holds_no_clock_and_no_socket(tree: ast.Module) -> None:
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not names & {"now", "utcnow", "today", "monotonic"}
    assert not imported & {"asyncio", "logging", "os", "random", "socket", "time"}


def test_the_facts_table_shows_every_fact_and_everything_not_seen() -> None:
    shown = facts_markdown(PRODUCTS.values())
    for product in PRODUCTS.values():
        assert f"### {product.title} (`{product.name}`)" in shown
        assert {fact.known for fact in product.facts} <= {"verified", "inferred", "synthetic"}
        for fact in product.facts:
            assert f"| {fact.what} | {fact.known} | {fact.source} |" in shown
        for what in product.not_seen:
            assert f"- {what}\n" in shown


# --- broken answers ---------------------------------------------------------------------------------------

ODD: st.SearchStrategy[Value] = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-2, 300),
    st.binary(max_size=40),
    st.sampled_from([b"", b"\xff\xfe", b"in-service/idle", b"0", b"y", "0.0.0.0", "1.3.6.1"]),
)


def _read(case: Recording, answers: Answers) -> Findings | None:
    """The findings, None where the product says that it cannot read; any other exception is a defect."""
    try:
        return poll_of(case, PRODUCTS[case.product]).read(answers, case.at)
    except PollError as error:
        if error.kind != "unreadable" or len(error.detail) > 80:
            raise AssertionError(f"{error.kind}: {error.detail!r}") from error
        return None


@each_over_snmp
@settings(deadline=timedelta(seconds=2), max_examples=60)
@given(data=st.data())
def test_changed_and_missing_values_are_read_or_called_unreadable(
    case: Recording, data: st.DataObject
) -> None:
    product = PRODUCTS[case.product]
    answers = answers_of(case, product)
    oids = sorted(answers.values)
    changes = data.draw(st.dictionaries(st.sampled_from(oids), st.one_of(st.none(), ODD), max_size=12))
    values = {oid: changes.get(oid, value) for oid, value in answers.values.items()}
    broken = Answers(answers.asked, {oid: value for oid, value in values.items() if value is not None})
    findings = _read(case, broken)
    for part in findings.observations if findings else ():
        assert len(part.detail) <= 120
        if part.lost is not None and part.total is not None:
            assert 0 <= part.lost + part.degraded <= part.total, part


@each_over_snmp
@settings(deadline=timedelta(seconds=2), max_examples=25)
@given(kind=st.sampled_from([0, -1, 2**40, b"", b"\xff", b"garbage", "1.3.6"]))
def test_a_device_that_gives_one_value_for_everything_is_read_or_called_unreadable(
    case: Recording, kind: Value
) -> None:
    product = PRODUCTS[case.product]
    answers = answers_of(case, product)
    _read(case, Answers(answers.asked, dict.fromkeys(answers.values, kind)))


# A column that the device drops, and after which a lost part may be well: each with its reason.
BELIEVED = {  # role and what is dropped
    # G3-AVAYA-MIB gives the table of server alarms no Tretrieve and no Tcount: an empty one is believed.
    ("alarm", "1.3.6.1.4.1.6889.2.8.1.21.1.1"),
}


@each_over_snmp
def test_a_table_column_or_value_that_is_dropped_makes_no_lost_part_well(case: Recording) -> None:
    product = PRODUCTS[case.product]
    answers = answers_of(case, product)
    before = replay(case, product)
    assert isinstance(before, Findings)
    tables = {oid.rpartition(".")[0] for oid in case.columns}
    for dropped in (*answers.values, *case.columns, *tables):
        head = dropped + "."
        left = {oid: v for oid, v in answers.values.items() if oid != dropped and not oid.startswith(head)}
        after = _read(case, Answers(answers.asked, left))
        for role, component in healed(before, after) if after else ():
            assert any(dropped.startswith(oid) and role == of for of, oid in BELIEVED), (
                f"without {dropped} {role} {component} is well"
            )
