"""Products that read a terminal, against answers that were damaged line by line: none may then read as well.

The same promise as in test_recordings.py for SNMP, on the raw text of SAT and command line recordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import BadAnswer, Findings, Observation, PollError, SatAnswer, ShellAnswer, Told
from collectors.products import find_products
from tests.recordings import FOLDER, Recording, answers_of, healed, load, poll_of, recordings, replay

PRODUCTS = find_products()
READABLE = [
    case
    for name in sorted(PRODUCTS)
    for case in recordings(name)
    if case.protocol in ("sat", "ssh") and "error" not in case.expect
]
OVER_SAT = [case for case in READABLE if case.protocol == "sat"]
OF_PROGRAMS = [case for case in READABLE if PRODUCTS[case.product].polls[case.protocol].commands]
each_readable = pytest.mark.parametrize("case", READABLE, ids=lambda case: f"{case.product}-{case.name}")
each_of_programs = pytest.mark.parametrize(
    "case", OF_PROGRAMS, ids=lambda case: f"{case.product}-{case.name}"
)
each_over_sat = pytest.mark.parametrize("case", OVER_SAT, ids=lambda case: f"{case.product}-{case.name}")


def _read(case: Recording) -> Findings | None:
    """The findings, None where the answers cannot be read; any other exception is a defect."""
    try:
        product = PRODUCTS[case.product]
        return poll_of(case, product).read(answers_of(case, product), case.at)
    except PollError as error:
        if error.kind != "unreadable" or len(error.detail) > 80:
            raise AssertionError(f"{error.kind}: {error.detail!r}") from error
        return None


def _damaged(case: Recording) -> Iterator[tuple[str, Recording]]:
    """The case with one line of one answer damaged, in words and as it then is."""
    for command, text in case.commands.items():
        lines = [] if text.startswith("exit ") else text.splitlines()  # a program that failed said nothing
        for place, line in enumerate(lines):
            damages = [None, "", "???", line[: len(line) // 2], line.swapcase() + "0", f"{line}\n{line}"]
            if line.strip().startswith("+"):  # one fault that never came: no reader can know of it
                damages = damages[2:]
            for other in damages:
                kept = [*lines[:place], *([] if other is None else [other]), *lines[place + 1 :]]
                commands = {**case.commands, command: "\n".join(kept)}
                yield f"{command}: {line!r} -> {other!r}", replace(case, commands=commands)
    programs = PRODUCTS[case.product].polls[case.protocol].commands
    nothing = ("exit 127 command not found", "exit 1 Permission denied", "exit 0") if programs else ()
    others = dict.fromkeys(programs, "exit 127 command not found")  # what is asked where another fails
    for command in case.commands:
        answers = (f"c{command}\ne1 00000000 0 {command} is an invalid entry\nt", "?\nG450-001(super)# ")
        for answer in (*answers, *nothing):
            commands = {**others, **case.commands, command: answer}
            yield f"{command} -> {answer!r}", replace(case, commands=commands)


@each_readable
def test_a_damaged_line_makes_no_lost_part_well_and_no_listed_part_gone(case: Recording) -> None:
    before = replay(case, PRODUCTS[case.product])
    assert isinstance(before, Findings)
    listed = _listed(before)
    for what, damaged in _damaged(case):
        after = _read(damaged)
        if after is not None:
            assert healed(before, after) == [], what
            gone = {key for key in listed - _listed(after) if key[0] in after.complete}
            assert len(gone) <= len(_listed(after) - listed), what  # under another name it is not gone


def _listed(findings: Findings) -> set[tuple[str, str]]:
    roles = ("trunks", "location")
    return {(part.role, part.component) for part in findings.observations if part.role in roles}


ODD = ["", "0", "-1", "yes", "in-service/idle", "99999999999", "\u0663", "1 0| 0| 0|up", "0001/0001"]
VALUES = st.one_of(st.text(max_size=40), st.sampled_from(ODD))


@each_over_sat
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_values_are_read_or_called_unreadable(case: Recording, data: st.DataObject) -> None:
    product = PRODUCTS[case.product]
    told: dict[str, SatAnswer] = dict(answers_of(case, product).answers)
    # The list of groups stays: a group that it named anew would be one that was never asked for.
    command = data.draw(st.sampled_from(sorted(told.keys() - {"list trunk-group"})))
    shape = len(told[command].fids)
    record = st.lists(VALUES, min_size=shape, max_size=shape).map(tuple)
    told[command] = replace(told[command], records=tuple(data.draw(st.lists(record, max_size=4))))
    try:
        findings = product.polls["sat"].read(Told(told), case.at)
    except BadAnswer:
        return
    for part in findings.observations:
        assert len(part.detail) <= 120
        if part.lost is not None and part.total is not None:
            assert 0 <= part.lost + part.degraded <= part.total, part


@each_of_programs
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_words_of_programs_are_read_or_called_unreadable(case: Recording, data: st.DataObject) -> None:
    product = PRODUCTS[case.product]
    told: dict[str, ShellAnswer] = dict(answers_of(case, product).answers)
    for command in data.draw(st.lists(st.sampled_from(sorted(told)), max_size=3)):
        lines = told[command].text.splitlines()
        some = st.lists(st.one_of(VALUES, st.sampled_from(lines)) if lines else VALUES, max_size=6)
        text = "\n".join(data.draw(some))
        told[command] = ShellAnswer(command, text, data.draw(st.sampled_from((0, 0, 1, 127))), text[:200])
    try:
        findings = poll_of(case, product).read(Told(told), case.at)
    except BadAnswer:
        return
    for part in findings.observations:
        assert len(part.detail) <= 120
        if part.lost is not None and part.total is not None:
            assert 0 <= part.lost + part.degraded <= part.total, part


# --- two protocols of one product -------------------------------------------------------------------------


def _parts(product: str, name: str, *roles: str) -> dict[tuple[str, str], Observation]:
    findings = replay(load(FOLDER / product / f"{name}.yaml"), PRODUCTS[product])
    assert isinstance(findings, Findings)
    return {(part.role, part.component): part for part in findings.observations if part.role in roles}


def test_snmp_and_sat_say_the_same_of_the_same_trouble() -> None:
    product, roles = "communication_manager", ("service", "trunks", "location", "alarm", "stations")
    over_snmp, over_sat = _parts(product, "failing", *roles), _parts(product, "sat-failing", *roles)
    assert over_sat.keys() == {key for key in over_snmp if not key[1].startswith("server ")}
    for key, seen in over_sat.items():
        told = over_snmp[key]
        for name in ("lost", "total", "planned", "degraded", "unread", "side", "use", "number", "controller"):
            assert getattr(seen, name) == getattr(told, name), (key, name)
        assert (seen.vendor_severity, seen.since) == (told.vendor_severity, told.since)


def test_the_command_line_of_a_gateway_calls_its_parts_as_snmp_does() -> None:
    product = "media_gateway"
    roles = ("location", "redundancy", "restart", "equipment", "environment", "capacity")
    over_ssh = _parts(product, "ssh-healthy", *roles)
    present = {key for key, part in over_ssh.items() if part.total != 0}
    assert present <= _parts(product, "healthy", *roles).keys()


@pytest.mark.parametrize("product", ["call_management", "linux_host", "modular_messaging"])
def test_the_programs_of_a_host_call_its_parts_as_snmp_does(product: str) -> None:
    for name in ("healthy", "failing"):
        over_snmp = _parts(product, name, "capacity", "restart", "equipment")
        over_ssh = _parts(product, f"ssh-{name}", "capacity", "restart", "equipment")
        alone = {("equipment", part) for part in ("clock", "backup", "archiver")}
        assert over_ssh.keys() - alone <= over_snmp.keys()
        for key in over_ssh.keys() - alone:
            if key != ("restart", "restarts"):
                assert (over_ssh[key].lost, over_ssh[key].kind) == (over_snmp[key].lost, over_snmp[key].kind)
        assert {key for key in over_snmp if key[0] == "capacity"} <= over_ssh.keys()
