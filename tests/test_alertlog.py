"""The alert log: the line that operators hold on to, and a file that loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.alertlog import AlertLog, AlertLogError, LogLine, json_line, line

ZONE = ZoneInfo("America/Chicago")
OPENED = LogLine(
    at=datetime(2026, 11, 20, 17, 3, 0, tzinfo=ZONE),
    verb="OPEN",
    text="23 of 46 trunks out of service",
    severity="major",
    ticket="TW-000123",
    system="cm1",
    clause="half-capacity",
    respond_by=datetime(2026, 11, 23, 9, 3, tzinfo=ZONE),
    responsibility="carrier",
)
RESOLVED = replace(
    OPENED,
    at=datetime(2026, 11, 20, 18, 15, 0, tzinfo=ZONE),
    verb="RESOLVE",
    text="46 of 46 trunks in service",
    respond_by=None,
    after=timedelta(hours=1, minutes=12, seconds=9),
)
ALIVE = LogLine(
    at=datetime(2026, 7, 1, 18, 0, tzinfo=ZONE),
    verb="ALIVE",
    text="12 of 12 systems seen, 0 open tickets",
)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (
            OPENED,
            "2026-11-20 17:03:00-06:00 MAJOR OPEN    TW-000123 cm1 half-capacity "
            '"23 of 46 trunks out of service" respond-by="Mon 2026-11-23 09:03 CST" responsibility=carrier',
        ),
        (
            RESOLVED,
            "2026-11-20 18:15:00-06:00 MAJOR RESOLVE TW-000123 cm1 half-capacity "
            '"46 of 46 trunks in service" after="1h 12m" responsibility=carrier',
        ),
        (
            replace(OPENED, verb="UPDATE", severity="minor", system=None, respond_by=None),
            "2026-11-20 17:03:00-06:00 MINOR UPDATE  TW-000123 - half-capacity "
            '"23 of 46 trunks out of service" responsibility=carrier',
        ),
        (
            ALIVE,
            '2026-07-01 18:00:00-05:00 -     ALIVE   -         - - "12 of 12 systems seen, 0 open tickets"',
        ),
    ],
)
def test_a_decision_is_this_very_line(decision: LogLine, expected: str) -> None:
    assert line(decision) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('the "main" group', r"the \"main\" group"),
        ("C:\\logs", r"C:\\logs"),
        ("one\ntwo\r\n\tthree", r"one\ntwo\r\n\tthree"),
        ("red \x1b[31m bell \x07 nul \x00", r"red \x1b[31m bell \x07 nul \x00"),
        ("line\u2028separator\x85next", r"line\u2028separator\x85next"),
        ("right\u202eto left", r"right\u202eto left"),
        ("broken \udc80 half", r"broken \udc80 half"),
        ("Füße, 46 °C", "Füße, 46 °C"),
    ],
)
def test_no_text_can_break_a_line_or_forge_another(text: str, shown: str) -> None:
    told = line(replace(OPENED, text=text))
    assert f'half-capacity "{shown}" respond-by=' in told
    assert told.splitlines() == [told]


def test_a_blank_in_a_name_does_not_shift_the_columns() -> None:
    told = line(replace(OPENED, system="cm 1\n", clause=""))
    assert told.split()[5:7] == ["cm_1_", "-"]


def test_awk_finds_the_same_seven_columns_in_every_line(tmp_path: Path) -> None:
    awk = shutil.which("awk") or pytest.skip("awk is not installed: apt install mawk")
    log = AlertLog(tmp_path / "alert.log")
    log.write([OPENED, RESOLVED, ALIVE])
    log.close()
    out = subprocess.run(
        [awk, '{ print $3, $4, $5, $6, $7, substr($8, 1, 1) "" }', tmp_path / "alert.log"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert out.splitlines() == [
        'MAJOR OPEN TW-000123 cm1 half-capacity "',
        'MAJOR RESOLVE TW-000123 cm1 half-capacity "',
        '- ALIVE - - - "',
    ]


def test_the_json_form_has_every_field_by_name_on_every_line(tmp_path: Path) -> None:
    log = AlertLog(tmp_path / "alert.log", "json")
    log.write([OPENED, RESOLVED, ALIVE])
    log.close()
    opened, resolved, alive = map(json.loads, (tmp_path / "alert.log").read_text().splitlines())
    assert opened == {
        "at": "2026-11-20T17:03:00-06:00",
        "severity": "major",
        "verb": "OPEN",
        "ticket": "TW-000123",
        "system": "cm1",
        "clause": "half-capacity",
        "text": "23 of 46 trunks out of service",
        "respond_by": "2026-11-23T09:03:00-06:00",
        "after": None,
        "responsibility": "carrier",
    }
    assert (resolved["respond_by"], resolved["after"]) == (None, 4329)
    assert set(alive) == set(opened)
    assert json.loads(json_line(replace(OPENED, after=timedelta(0))))["after"] == 0


def test_lines_are_appended_and_the_operators_group_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "alert.log"
    before = os.umask(0o077)
    try:
        log = AlertLog(path)
        log.write([OPENED])
    finally:
        os.umask(before)
    log.write([RESOLVED])
    log.close()
    again = AlertLog(path)
    again.write([ALIVE])
    again.close()
    assert path.read_text() == f"{line(OPENED)}\n{line(RESOLVED)}\n{line(ALIVE)}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_after_a_rotation_the_next_line_stands_in_the_new_file(tmp_path: Path) -> None:
    path, old = tmp_path / "alert.log", tmp_path / "alert.log.1"
    log = AlertLog(path)
    log.write([OPENED])
    path.rename(old)
    log.write([RESOLVED])
    path.unlink()
    log.write([ALIVE])
    path.rename(tmp_path / "alert.log.2")
    path.touch()  # logrotate's `create`
    log.reopen()
    log.write([OPENED])
    log.close()
    assert old.read_text() == line(OPENED) + "\n"
    assert (tmp_path / "alert.log.2").read_text() == line(ALIVE) + "\n"
    assert path.read_text() == line(OPENED) + "\n"


def test_a_file_emptied_in_place_is_written_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "alert.log"
    log = AlertLog(path)
    log.write([OPENED, OPENED])
    os.truncate(path, 0)  # logrotate's `copytruncate`
    log.write([RESOLVED])
    log.close()
    assert path.read_text() == line(RESOLVED) + "\n"


def test_a_line_that_a_crash_tore_is_ended_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "alert.log"
    path.write_text(line(OPENED) + "\n" + line(RESOLVED)[:40])
    log = AlertLog(path)
    log.write([ALIVE])
    log.close()
    assert path.read_text().splitlines() == [line(OPENED), line(RESOLVED)[:40], line(ALIVE)]


def test_what_cannot_be_written_is_said_in_one_sentence_and_can_be_written_later(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "alert.log"
    log = AlertLog(path)
    with pytest.raises(AlertLogError) as caught:
        log.write([OPENED, RESOLVED])
    assert str(caught.value) == (f"cannot write the alert log {path}: its directory is missing; create it")
    assert caught.value.written == 0
    path.parent.mkdir()
    log.write([OPENED, RESOLVED])
    log.close()
    assert len(path.read_text().splitlines()) == 2


def test_a_directory_and_a_fifo_are_refused_without_waiting(tmp_path: Path) -> None:
    with pytest.raises(AlertLogError, match=r"it is a directory; correct sinks\.alert_log\.path$"):
        AlertLog(tmp_path).write([OPENED])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AlertLogError, match=r"not a regular file; correct sinks\.alert_log\.path$"):
        AlertLog(tmp_path / "pipe").write([OPENED])


FULL = """
import resource, sys
from pathlib import Path
from agent.alertlog import AlertLog, AlertLogError
from tests.test_alertlog import ALIVE, OPENED, RESOLVED, line

first = len(line(OPENED)) + 1
resource.setrlimit(resource.RLIMIT_FSIZE, (first + 20, resource.RLIM_INFINITY))
log = AlertLog(Path(sys.argv[1]))
try:
    log.write([OPENED, RESOLVED, ALIVE])
except AlertLogError as error:
    print(error.written, error)
print(Path(sys.argv[1]).read_text() == line(OPENED) + chr(10))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write([RESOLVED, ALIVE])
"""


def test_a_disk_that_takes_half_a_line_keeps_none_of_it_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "alert.log"
    out = subprocess.run(
        [sys.executable, "-c", FULL, path],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    ).stdout.splitlines()
    assert out == [
        f"1 cannot write the alert log {path}: it has reached the largest size allowed; "
        "rotate it or raise the limit",
        "True",
    ]
    assert path.read_text().splitlines() == [line(OPENED), line(RESOLVED), line(ALIVE)]
