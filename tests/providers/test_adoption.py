"""Adoption: a user's instance as one that makes one attempt within a time limit."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.providers import provider_named, provider_of

from .conftest import MODELS, MODES, WIRES, Caller, Keep, Subject, adopted

every_wire = pytest.mark.parametrize("wire", WIRES)
every_mode = pytest.mark.parametrize("mode", MODES)

#: How each class says "one attempt".
NO_RETRIES = {"aws_bedrock": 0, "azure_openai": 0, "gcp_vertex": 1}

#: More attempts than one, in each class's way of counting.
TWO_ATTEMPTS = {"aws_bedrock": 1, "azure_openai": 1, "gcp_vertex": 2}


@every_mode
@every_wire
def test_a_default_instance_makes_one_request_on_a_permanent_503_once_adopted(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], call: Caller
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=503))

    with pytest.raises(Exception, match=r"."):
        call(subjects[wire].adopted, mode)

    assert len(cloud.log_of(wire)) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.CLOSE])
@every_wire
def test_a_broken_connection_is_not_tried_again(
    wire: str, kind: FaultKind, cloud: Emulator, subjects: dict[str, Subject], call: Caller
) -> None:
    cloud.break_(wire, kind)

    with pytest.raises(Exception, match=r"."):
        call(subjects[wire].adopted, "invoke")

    assert len(cloud.log_of(wire)) == 1


@every_wire
@pytest.mark.usefixtures("no_backoff")
def test_the_users_instance_keeps_its_retries(wire: str, cloud: Emulator, call: Caller) -> None:
    row = provider_named(wire)
    users = cloud.chat_model(wire, MODELS[wire], max_retries=TWO_ATTEMPTS[wire])
    adopted(users)
    cloud.break_(wire, Fault(FaultKind.STATUS, status=503))

    with pytest.raises(Exception, match=r"."):
        call(users, "invoke")

    assert row.hidden_attempts(users) == 2
    assert len(cloud.log_of(wire)) == 2


@pytest.mark.parametrize("wire", ["aws_bedrock", "azure_openai"])
@pytest.mark.usefixtures("no_backoff")
def test_hidden_attempts_are_what_a_default_instance_sends(
    wire: str, cloud: Emulator, subjects: dict[str, Subject], call: Caller
) -> None:
    row, users, *_ = subjects[wire]
    cloud.break_(wire, Fault(FaultKind.STATUS, status=503))

    with pytest.raises(Exception, match=r"."):
        call(users, "invoke")

    assert len(cloud.log_of(wire)) == row.hidden_attempts(users) > 1


def test_gemini_says_how_often_it_tries(subjects: dict[str, Subject]) -> None:
    row, users, tame, _ = subjects["gcp_vertex"]

    assert row.hidden_attempts(users) == 6  # seen on the wire, in half a minute
    assert row.hidden_attempts(tame) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"max_retries": 0},
        {"max_retries": 1},
        {"timeout": 5},
        {"config": Config(retries={"total_max_attempts": 2})},
        {"config": Config(retries={"max_attempts": 1})},
        {"config": Config(retries={"total_max_attempts": 2, "mode": "legacy"})},
        {"config": Config(retries={"max_attempts": 1, "mode": "adaptive"})},
        # The class's own trap: a timeout throws the retries of a config away.
        {"config": Config(retries={"total_max_attempts": 1}), "timeout": 5},
    ],
    ids=["none", "one", "timeout", "total", "again", "legacy", "adaptive", "trap"],
)
@pytest.mark.usefixtures("no_backoff")
def test_bedrocks_hidden_attempts_are_those_of_its_client_and_none_once_adopted(
    settings: dict[str, Any], cloud: Emulator, call: Caller
) -> None:
    users = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"], **settings)
    row = provider_of(users)
    tame = adopted(users)
    cloud.break_("aws_bedrock", Fault(FaultKind.STATUS, status=503))

    for model in (users, tame):
        cloud.clear_log()
        with pytest.raises(Exception, match="ServiceUnavailable"):
            call(model, "invoke")
        assert len(cloud.log_of("aws_bedrock")) == row.hidden_attempts(model)

    assert row.hidden_attempts(tame) == 1
    assert row.timeout_seconds(tame) == (5 if "timeout" in settings else 7)


@every_wire
def test_keeping_retries_returns_the_instance_itself(
    wire: str, subjects: dict[str, Subject]
) -> None:
    users = subjects[wire].users

    assert adopted(users, keep_retries=True) is users


@every_wire
def test_an_instance_that_needs_nothing_is_returned_itself(wire: str, cloud: Emulator) -> None:
    users = cloud.chat_model(wire, MODELS[wire], max_retries=NO_RETRIES[wire], timeout=5)

    assert adopted(users) is users


@every_wire
def test_adopting_twice_changes_nothing_more(wire: str, subjects: dict[str, Subject]) -> None:
    once = adopted(subjects[wire].users)

    assert adopted(once) is once


@every_wire
def test_the_users_own_time_limit_wins(wire: str, cloud: Emulator) -> None:
    users = cloud.chat_model(wire, MODELS[wire], timeout=3)
    row = provider_of(users)
    tame = adopted(users)

    assert tame is not users
    assert row.hidden_attempts(tame) == 1
    assert row.timeout_seconds(tame) == 3


@every_wire
def test_retries_off_alone_still_gets_a_time_limit(wire: str, cloud: Emulator) -> None:
    users = cloud.chat_model(wire, MODELS[wire], max_retries=NO_RETRIES[wire])

    assert provider_of(users).timeout_seconds(adopted(users)) == 7


@every_mode
@every_wire
def test_an_adopted_instance_sends_what_the_users_own_sends(
    wire: str, mode: str, cloud: Emulator, call: Caller, keep: Keep
) -> None:
    users = keep(
        cloud.chat_model(
            wire, MODELS[wire], temperature=0.25, max_tokens=77, stop=["END"], top_p=0.5
        )
    )
    tame = adopted(users)

    call(users, mode)
    call(tame, mode)

    first, second = cloud.log_of(wire)
    assert (first.model, first.body) == (second.model, second.body)
    assert "0.25" in str(second.body)


@every_wire
def test_nothing_of_the_users_instance_is_changed(wire: str, cloud: Emulator) -> None:
    users: Any = cloud.chat_model(wire, MODELS[wire])
    before = dict(users.__dict__), set(users.model_fields_set)

    adopted(users, temperature=0.5)
    adopted(users)

    assert (dict(users.__dict__), set(users.model_fields_set)) == before


@every_wire
def test_settings_override_fields(wire: str, cloud: Emulator, call: Caller) -> None:
    users = cloud.chat_model(wire, MODELS[wire], temperature=0.25)
    tame = adopted(users, temperature=0.75, timeout=2)
    row = provider_of(users)

    call(tame, "invoke")

    body = str(cloud.log_of(wire)[0].body)
    assert "0.75" in body
    assert "0.25" not in body
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 2)


@every_wire
def test_a_setting_that_does_not_exist_is_named(wire: str, subjects: dict[str, Subject]) -> None:
    with pytest.raises(ConfigurationError, match=r"temprature.*temperature"):
        adopted(subjects[wire].users, temprature=0.5)
