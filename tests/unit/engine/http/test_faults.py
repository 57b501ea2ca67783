"""Into which calls a fault is injected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine.http.faults import FAULTS_MAX, Fault, Faults, error_of
from model.engine.personalize.errors import InvalidInputError, ResourceNotFoundError


def injected(faults, operation="PutEvents"):
    return [fault.fault for fault in faults.take(operation)]


@pytest.fixture
def faults():
    return Faults()


def test_no_fault_is_set_at_first():
    assert not Faults()


def test_a_fault_is_injected_into_the_chosen_calls_of_its_operation(faults):
    faults.set(Fault("PutEvents", "throttle", calls=[2, 3]))

    assert [
        bool(injected(faults, name)) for name in ("PutItems", "PutEvents", "PutEvents", "PutEvents", "PutEvents")
    ] == [
        False,
        False,
        True,
        True,
        False,
    ]


@given(every=st.integers(1, 7), calls=st.integers(0, 40))
def test_a_fault_is_injected_into_every_nth_call_and_counted(every, calls):
    faults = Faults()
    faults.set(Fault("*", "failure", every=every))

    hits = [number for number in range(1, calls + 1) if injected(faults)]

    assert hits == list(range(every, calls + 1, every))
    assert faults.documents()[0]["met"] == calls
    assert faults.documents()[0]["struck"] == len(hits)


def test_several_faults_are_injected_in_the_order_they_were_set_in(faults):
    faults.set(Fault("PutEvents", "delay", seconds=0.1))
    faults.set(Fault("*", "lost"))

    assert injected(faults) == ["delay", "lost"]


def test_faults_are_cleared_one_by_one_or_all(faults):
    first, _ = faults.set(Fault("*", "lost")), faults.set(Fault("*", "failure"))

    faults.clear(first["id"])
    assert injected(faults) == ["failure"]
    with pytest.raises(ResourceNotFoundError, match="no fault 1"):
        faults.clear(first["id"])
    faults.clear()
    assert not faults


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("PutNothing", "throttle"), "must be one of the three services"),
        (Fault("*", "delay"), "needs seconds above zero"),
        (Fault("*", "throttle", seconds=1.0), "nothing else takes them"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault, message):
    with pytest.raises(InvalidInputError, match=message):
        Faults().set(fault)


def test_so_many_faults_and_no_more(faults):
    for _ in range(FAULTS_MAX):
        faults.set(Fault("*", "lost"))

    with pytest.raises(InvalidInputError, match="clear some"):
        faults.set(Fault("*", "lost"))


def test_what_a_caller_sees_of_each_fault():
    seen = {kind: error_of(Fault("*", kind)) for kind in ("throttle", "unavailable", "failure", "delay", "lost")}

    named = {kind: (error.name, error.http_status) for kind, error in seen.items() if error}
    assert named == {
        "throttle": ("ThrottlingException", 429),
        "unavailable": ("ServiceUnavailable", 503),
        "failure": ("InternalFailure", 500),
    }
