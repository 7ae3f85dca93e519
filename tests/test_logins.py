"""One attempt, then no more: a refused login is not tried again, by this process or the next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.logins import Logins

NOW = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
WHY = "the password is not accepted"


def logins(folder: Path) -> Logins:
    return Logins(folder / "logins.json", lambda: NOW)


def test_a_login_may_be_tried_until_it_was_refused_once(tmp_path: Path) -> None:
    guard = logins(tmp_path).guard("cm1", "sat", "user\nsecret")
    assert guard.barred() is None
    guard.refused(WHY)
    assert guard.barred() == f"{WHY}; not tried again (new secret, or `trunkwatch retry-login cm1`)"


def test_a_daemon_that_is_started_again_does_not_try_again(tmp_path: Path) -> None:
    logins(tmp_path).guard("cm1", "sat", "user\nsecret").refused(WHY)
    assert logins(tmp_path).guard("cm1", "sat", "user\nsecret").barred() is not None


def test_another_secret_has_one_attempt_of_its_own(tmp_path: Path) -> None:
    logins(tmp_path).guard("cm1", "sat", "user\nold").refused(WHY)
    changed = logins(tmp_path).guard("cm1", "sat", "user\nnew")
    assert changed.barred() is None
    changed.refused(WHY)
    assert logins(tmp_path).guard("cm1", "sat", "user\nnew").barred() is not None


def test_one_login_refused_bars_no_other(tmp_path: Path) -> None:
    known = logins(tmp_path)
    known.guard("cm1", "sat", "user\nsecret").refused(WHY)
    assert known.guard("cm1", "ssh", "user\nsecret").barred() is None
    assert known.guard("cm2", "sat", "user\nsecret").barred() is None


def test_a_person_allows_one_more_attempt_and_only_one(tmp_path: Path) -> None:
    known = logins(tmp_path)
    guard = known.guard("cm1", "sat", "user\nsecret")
    assert not known.allow("cm1", "sat")
    guard.refused(WHY)
    assert known.allow("cm1", "sat")
    assert guard.barred() is None
    assert logins(tmp_path).guard("cm1", "sat", "user\nsecret").barred() is None
    guard.refused(WHY)
    assert guard.barred() is not None


def test_a_login_that_was_taken_is_remembered_as_good(tmp_path: Path) -> None:
    known = logins(tmp_path)
    known.guard("cm1", "sat", "user\nold").refused(WHY)
    known.guard("cm1", "sat", "user\nnew").accepted()
    assert known.guard("cm1", "sat", "user\nnew").barred() is None
    assert not known.allow("cm1", "sat")


def test_a_login_that_broke_off_with_a_secret_nobody_knows_to_be_right_bars_the_next(tmp_path: Path) -> None:
    guard = logins(tmp_path).guard("cm1", "sat", "user\nsecret")
    assert guard.broke_off(WHY)
    assert guard.barred() is not None
    assert logins(tmp_path).guard("cm1", "sat", "user\nsecret").barred() is not None


def test_a_secret_that_was_accepted_before_may_break_off_twice_and_no_more(tmp_path: Path) -> None:
    logins(tmp_path).guard("cm1", "sat", "user\nsecret").accepted()
    guard = logins(tmp_path).guard("cm1", "sat", "user\nsecret")  # a daemon that was started again knows it
    for _ in range(2):
        assert not guard.broke_off(WHY)
        assert guard.barred() is None
    guard.accepted()
    assert [guard.broke_off(WHY) for _ in range(3)] == [False, False, True]
    assert guard.barred() is not None


def test_another_secret_than_the_accepted_one_has_one_attempt(tmp_path: Path) -> None:
    known = logins(tmp_path)
    known.guard("cm1", "sat", "user\nold").accepted()
    assert known.guard("cm1", "sat", "user\nnew").broke_off(WHY)


def test_the_file_is_for_the_daemon_alone_and_holds_no_secret(tmp_path: Path) -> None:
    guard = logins(tmp_path).guard("cm1", "sat", "trunkwatch\nhunter2hunter2")
    guard.refused(WHY)
    path = tmp_path / "logins.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in path.read_text()
    assert "hunter2" not in repr(guard)


def test_two_refusals_of_one_secret_leave_different_traces(tmp_path: Path) -> None:
    known = logins(tmp_path)
    for system in ("cm1", "cm2"):
        known.guard(system, "sat", "user\nsecret").refused(WHY)
    one, other = known.last("cm1 sat"), known.last("cm2 sat")
    assert one is not None
    assert other is not None
    assert (one.salt, one.digest) != (other.salt, other.digest)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cm1 sat": 1}', '{"cm1 sat": {"at": "x"}}', "\xff"])
def test_a_file_that_cannot_be_read_is_said_and_costs_one_attempt(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logins.json").write_bytes(content.encode("latin-1"))
    guard = logins(tmp_path).guard("cm1", "sat", "user\nsecret")
    assert guard.barred() is None
    assert "tried once more" in caplog.text
    guard.refused(WHY)
    assert logins(tmp_path).guard("cm1", "sat", "user\nsecret").barred() is not None


def test_where_nothing_can_be_written_the_running_daemon_remembers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = Logins(tmp_path / "nowhere" / "logins.json", lambda: NOW)
    guard = known.guard("cm1", "sat", "user\nsecret")
    guard.refused(WHY)
    assert guard.barred() is not None
    assert "cannot be written: No such file or directory" in caplog.text
