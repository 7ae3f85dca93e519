"""Due times agree with an oracle that counts minutes, on 20,000 random cases; see docs/due.md for more."""

from __future__ import annotations

import pytest

from tests.due_cases import compared


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_random_due_times_agree_with_a_count_of_minutes(seed: int) -> None:
    outcome = compared(10_000, seed)
    assert outcome.disagreements == ()
    assert outcome.cases == 10_000
    # every way of counting, with pauses and without, and amounts that are never reached
    assert len(outcome.counted) == 8
    assert min(outcome.counted.values()) > 100
    assert outcome.paused > 500
    assert outcome.never > 0
