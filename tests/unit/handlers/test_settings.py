"""Settings of the process that would let two lead are refused."""

import pytest
from pydantic import ValidationError

from oracleapi.settings import Settings


@pytest.mark.parametrize(
    ("duration", "deadline", "retry", "good"),
    [(15, 10, 2, True), (10, 10, 2, False), (15, 16, 2, False), (15, 6, 5, False), (60, 40, 10, True)],
)
def test_the_lease_s_times_must_leave_room(duration: int, deadline: int, retry: int, good: bool) -> None:
    times = {
        "lease_duration_seconds": duration, "renew_deadline_seconds": deadline, "retry_period_seconds": retry
    }  # fmt: skip
    if good:
        assert Settings(**times).lease_duration_seconds == duration
    else:
        with pytest.raises(ValidationError, match="must be above"):
            Settings(**times)
