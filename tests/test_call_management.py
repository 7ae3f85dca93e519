"""A CMS over SSH: its links as TCP connections, the age of its logs; never more than was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from collectors.base import Findings, Observation, OptionValue, Own, ShellAnswer, Told
from collectors.call_management import PRODUCT, ssh
from tests.recordings import FOLDER, answers_of, load

AT = datetime(2026, 11, 20, 23, 2, tzinfo=UTC)
CASE = load(FOLDER / "call_management" / "ssh-healthy.yaml")
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000     0        0 1203 1 0000000000000000 100 0 0 10 0\n"
NOW = 1_795_215_720


def rows(*ends: str) -> str:
    """A table of connections to these far ends, each `ADDRESS:PORT STATE` as the kernel writes it."""
    return HEAD + "".join(f"{n:4d}: 280200C0:9C4{n} {end} {REST}" for n, end in enumerate(ends))


def read(changed: Mapping[str, str | ShellAnswer], options: Mapping[str, OptionValue]) -> Findings:
    told: dict[str, ShellAnswer] = dict(answers_of(CASE, PRODUCT).answers)
    for command, answer in changed.items():
        told[command] = answer if isinstance(answer, ShellAnswer) else ShellAnswer(command, answer)
    return ssh.read(Told(told), AT, Own(options))


def named(findings: Findings) -> dict[str, Observation]:
    return {part.component: part for part in findings.observations}


def link(
    table: str | ShellAnswer, table6: str | ShellAnswer = HEAD, far: str = "192.0.2.10:5001"
) -> Observation:
    return named(read({ssh.TCP: table, ssh.TCP6: table6}, {"links": {"cm1": far}}))["cms-link cm1"]


def test_a_link_is_an_established_connection_to_its_far_end() -> None:
    part = link(rows("0A0200C0:1389 01"))
    assert (part.role, part.kind, part.to, part.lost, part.total) == ("integration", "cms", "cm1", 0, 1)
    mapped = (
        HEAD + f"   0: 0000000000000000FFFF0000280200C0:9C40 0000000000000000FFFF00000A0200C0:1389 01 {REST}"
    )
    assert link(rows(), mapped).lost == 0


def test_what_a_login_prints_by_itself_is_passed_over() -> None:
    assert link("Authorised users only.\n" + rows("0A0200C0:1389 01")).lost == 0
    assert link("Authorised users only.\n" + rows("0B0200C0:1389 01")).lost == 1
    told = {ssh.NOW: f"Welcome\n{NOW}\n", ssh.LOGS[0][1]: f"Welcome\n{NOW - 100}\n"}
    assert named(read(told, {"backup_hours": 1}))["backup"].lost == 0


@pytest.mark.parametrize(
    "table",
    [
        rows(),
        rows("0A0200C0:1389 02"),  # it calls
        rows("0A0200C0:1389 08"),  # the other end has hung up
        rows("0A0200C0:138A 01"),  # another port
        rows("0B0200C0:1389 01"),  # another address
        rows("1389:0A0200C0 01"),
    ],
)
def test_any_other_connection_is_no_link(table: str) -> None:
    part = link(table)
    assert part.unread or part.lost == 1
    assert part.unread == ("1389:0A0200C0" in table)  # no row at all


@pytest.mark.parametrize(
    "table",
    [
        "",
        "no such thing\n",
        ShellAnswer(ssh.TCP, "", 1, "Permission denied"),
        ShellAnswer(ssh.TCP, rows("0B0200C0:1389 01"), 1),
        HEAD + f"   1: 280200C0:9C40 0B0200C0:1389 01 {REST}",  # the first row is missing
        rows("0B0200C0:1389 01") + "   1: 280200C0:9C",
    ],
)
def test_a_table_that_is_not_whole_leaves_a_link_unread(table: str | ShellAnswer) -> None:
    assert link(table).unread
    assert link(rows(), ShellAnswer(ssh.TCP6, "", 1, "No such file")).lost == 1  # a host without IPv6
    assert link(rows(), "rubbish\n").unread


@pytest.mark.parametrize("far", ["cm1", "192.0.2.10", "192.0.2.10:", "192.0.2.10:70000", "192.0.2.300:5001"])
def test_a_far_end_that_is_none_is_told(far: str) -> None:
    part = link(rows("0A0200C0:1389 01"), far=far)
    assert part.unread
    assert part.detail == "the site names no ADDRESS:PORT of its far end"


def test_without_links_in_the_site_file_nothing_is_asked_or_told_of_them() -> None:
    told = answers_of(CASE, PRODUCT)
    only = {command: answer for command, answer in told.answers.items() if command not in ssh.LINKS}
    findings = ssh.read(Told(only), AT)
    assert not [part for part in findings.observations if part.role == "integration"]
    assert not {"backup", "archiver"} & named(findings).keys()  # no limit, no part
    ages = {sample.labels: sample.value for sample in findings.samples if sample.metric is ssh.LOG_AGE}
    assert ages == {("backup",): 4 * 3600, ("archiver",): 1800}


BACKUP = ssh.LOGS[0][1]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"{NOW - 25 * 3600}\n", (0, False)),
        (f"{NOW - 27 * 3600}\n", (1, False)),
        (f"{NOW + 60}\n", (0, False)),
        (f"{NOW + 7200}\n", (None, True)),
        ("", (None, True)),
        ("17\n", (None, True)),
        (ShellAnswer(BACKUP, "", 1, "No such file or directory"), (None, True)),
    ],
)
def test_a_log_that_stands_still_for_too_long_is_a_part_that_failed(
    written: str | ShellAnswer, shown: tuple[int | None, bool]
) -> None:
    part = named(read({BACKUP: written}, {"backup_hours": 26}))["backup"]
    assert (part.lost, part.unread) == shown


def test_the_age_of_a_log_goes_by_the_hosts_own_clock() -> None:
    told = {ssh.NOW: f"{NOW + 30 * 3600}\n", BACKUP: f"{NOW + 29 * 3600}\n"}
    assert named(read(told, {"backup_hours": 26}))["backup"].lost == 0
    assert named(read({ssh.NOW: ""}, {"backup_hours": 26}))["backup"].unread


def test_no_command_of_it_opens_a_menu_or_changes_anything() -> None:
    words = {word for command in PRODUCT.polls["ssh"].commands for word in command.split()}
    assert not words & {"cmssvc", "cmsadm", "run_cms", "spilog", "sudo", "su"}
