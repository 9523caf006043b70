"""Whatever a journal's lines say, a report of them can be made, read and written."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.economics.price import Usage
from langchain_multirouter.outcome import AttemptRecord
from langchain_multirouter.telemetry.journal_lines import LARGEST
from langchain_multirouter.telemetry.journal_reading import Site
from langchain_multirouter.telemetry.page import page
from langchain_multirouter.telemetry.record import CallRecord
from langchain_multirouter.telemetry.replay import replayed
from tests.telemetry.test_report import Read

NAMES = st.sampled_from(["a", "b", "azure_openai:gpt-4o", "<i>", "", "é\0"]) | st.text(max_size=90)
NUMBERS = st.floats(0.0, LARGEST) | st.sampled_from([0.0, 1e-12, 1.0, LARGEST])
COUNTS = st.integers(0, int(LARGEST))
MAYBE = st.none() | NUMBERS
ATTEMPTS = st.builds(
    AttemptRecord,
    NAMES,
    st.sampled_from(["success", "failure", "cancelled", "strange"]),
    st.none() | NAMES,
    st.none() | NAMES,
    NUMBERS,
    st.none() | st.builds(Usage, *[COUNTS] * 9),
    MAYBE,
    MAYBE,
    MAYBE,
)
RECORDS = st.builds(
    CallRecord,
    st.integers(-1, 9),
    st.floats(-LARGEST, LARGEST),
    NAMES,
    st.none() | NAMES,
    st.none() | NAMES,
    st.none() | st.sampled_from(["timeout", "cancelled", "NoCandidateError"]) | NAMES,
    st.lists(ATTEMPTS, max_size=3).map(tuple),
    NUMBERS,
    COUNTS,
    st.booleans(),
    st.none() | NAMES,
    MAYBE,
    st.lists(NAMES, max_size=2).map(tuple),
)
SITES = st.dictionaries(NAMES, st.builds(Site, NAMES, NAMES), max_size=2)


@settings(max_examples=30)
@given(st.lists(RECORDS, max_size=6), SITES, st.sampled_from([1, 30]))
def test_a_report_can_be_made_of_any_records(
    records: list[CallRecord], sites: dict[str, Site], times: int
) -> None:
    shown = replayed(records * times, sites, now=1_795_435_200.0)
    told = shown.to_dict()
    assert told["recorded"]["calls"] == len(records) * times
    assert json.dumps(told, allow_nan=False)
    assert repr(shown)
    for html in (page(told), shown._repr_html_()):
        assert Read(html).open == []
        assert "<i>" not in html.replace('<i class="line">', "").replace("<i style", "")
