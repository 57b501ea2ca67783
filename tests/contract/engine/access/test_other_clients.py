"""Clients of others sign in different ways: the engine accepts the signature of each."""

from __future__ import annotations

import pytest

from tests.contract.engine.clients.programs import CLIENTS, environment_of, run
from tests.contract.engine.running_engine import OURS

COMMANDS = {"command line": ("bash", "signed.sh"), "SDK for JavaScript": ("node", "signed.mjs")}


def outcomes(engine, client, secret):
    program, script = COMMANDS[client]
    done = run([program, str(CLIENTS / script)], environment_of(engine, OURS[0], secret))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("client", COMMANDS)
@pytest.mark.honours("ListSchemas", "signatures of the command line and of the SDK for JavaScript are accepted")
def test_what_other_clients_sign_is_taken(closed, client):
    assert outcomes(closed, client, OURS[1]) == [
        "ok",
        "ok",
        "ResourceNotFoundException",
        "InvalidInputException",
    ]


@pytest.mark.parametrize("client", COMMANDS)
@pytest.mark.honours(
    "ListSchemas", "the command line and the SDK for JavaScript report a wrong secret by the error's name"
)
def test_other_clients_get_the_error_of_a_wrong_secret(closed, client):
    assert set(outcomes(closed, client, "x" * 40)) == {"InvalidSignatureException"}
