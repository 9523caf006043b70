"""The catalogue of faults, through a router of one deployment: an answer, or one error of ours.

Which cause each has is told by `tests/providers/test_faults_on_the_wire.py`, fault by fault; here
nothing may come out of a router that is not the router's own word.
"""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import RouterError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.verdict import VERDICTS

from .conftest import HASTY, MODES, WIRES, ask

STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 424, 429, 498, 500, 502, 503, 504, 529)
BODYLESS = (401, 403, 404, 408, 429, 500, 503, 529)
CODES = (
    "insufficient_quota",
    "content_filter",
    "context_length_exceeded",
    "ServiceQuotaExceededException",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "ModelErrorException",
    "ModelNotReadyException",
    "throttlingException",
)
#: Silences, which take a whole time limit each, and statuses, which are above.
APART = {
    FaultKind.STATUS,
    FaultKind.EMPTY_BODY_STATUS,
    FaultKind.SILENCE,
    FaultKind.SILENCE_MIDSTREAM,
    FaultKind.NO_END,
    FaultKind.DRIP,
    FaultKind.KEEPALIVE,
}
LATE = {FaultKind.SLOW: 0.02, FaultKind.SLOW_FIRST_TOKEN: 0.02}
MIDSTREAM = (
    FaultKind.RESET_MIDSTREAM,
    FaultKind.FIN_MIDSTREAM,
    FaultKind.CLEAN_EOF_MIDSTREAM,
    FaultKind.MALFORMED,
    FaultKind.ERROR_EVENT,
)
FAULTS: dict[str, Fault] = {
    **{str(status): Fault(FaultKind.STATUS, status=status) for status in STATUSES},
    **{f"{s} without a body": Fault(FaultKind.EMPTY_BODY_STATUS, status=s) for s in BODYLESS},
    **{code: Fault(FaultKind.STATUS, code=code) for code in CODES},
    **{k.value: Fault(k, seconds=LATE.get(k, 1.0)) for k in FaultKind if k not in APART},
    **{f"{k.value} at once": Fault(k, after_chunks=0) for k in MIDSTREAM},
    **{f"{k.value} after 5": Fault(k, after_chunks=5) for k in MIDSTREAM},
    "429 in a stream": Fault(FaultKind.ERROR_EVENT, status=429, after_chunks=1),
    "429, wait": Fault(FaultKind.STATUS, status=429, retry_after_seconds=7.0),
    "503, wait": Fault(FaultKind.STATUS, status=503, retry_after_seconds=7.0),
}


def test_there_are_at_least_fifty_five() -> None:
    assert len(FAULTS) >= 55


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_comes_out_is_an_answer_or_an_error_of_the_routers_own(
    fault: str, wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    router = RoutedChatModel(
        [Deployment(models[wire], name=wire)], policy=HASTY, max_retries=0, timeout=2.0
    )
    cloud.break_(wire, FAULTS[fault])
    answer, error = outcome(router, mode)
    if error is None:
        assert answer.response_metadata["router"]["deployment"] == wire
    else:
        assert error.is_retryable is False
        assert cause_of(router) in set(VERDICTS) - {Cause.UNKNOWN}
    counts = router.counts()[wire]
    sent = len(cloud.log_of(wire))
    assert counts["started"] == sent == counts["succeeded"] + counts["failed"]


def outcome(router: RoutedChatModel, mode: str) -> tuple[Any, RouterError | None]:
    """An answer or a `RouterError`; anything else is a failure of the test."""
    try:
        return ask(router, mode), None
    except RouterError as error:
        return None, error


def cause_of(router: RoutedChatModel) -> Cause:
    """Why its only attempt failed."""
    (counts,) = router.counts().values()
    causes = [cause for cause in counts["causes"] if cause != Cause.LOCAL_ENVIRONMENT]
    assert len(causes) == 1, counts
    return Cause(causes[0])
