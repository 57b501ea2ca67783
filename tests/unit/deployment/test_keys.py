"""Keys are made, listed, rotated and revoked, and Parameter Store has no key but their digests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from backend.contract.access.keys import InvalidKeyError, read_key, sha256_of
from deployment.keys import __main__ as command
from deployment.keys.changes import INTERRUPTED_SECONDS, sole_change
from deployment.keys.stored import KeyNotFoundError, Keys, ensure_canary
from tests.fakes.functions.keys import FakeKeyParameters

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/rivulet/dev/keys"


class World:
    """The keys of dev on a fake Parameter Store."""

    def __init__(self) -> None:
        self.parameters = FakeKeyParameters()
        self.keys = Keys(self.parameters, "dev")

    def accepts(self, name: str, key: str, later: timedelta = timedelta()) -> bool:
        stored = read_key(self.parameters.values[f"{PATH}/{name}"])
        return sha256_of(key) in {version.sha256 for version in stored.valid_versions(datetime.now(UTC) + later)}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    class Environment:
        name = "dev"

        def client(self, service: str) -> Any:
            return world.parameters if service == "ssm" else Functions()

    class Functions:
        def get_function_configuration(self, *, FunctionName: str) -> Any:  # noqa: N803 - the client's name
            assert FunctionName == "rivulet-dev-recommend"
            return {"Environment": {"Variables": {"CORS_ORIGINS": "https://listed.example https://b.example"}}}

    monkeypatch.setattr(command, "open_environment", lambda _: Environment())

    def run_command(*arguments: str) -> tuple[int, str, str]:
        status = command.main(["dev", *arguments])
        printed = capsys.readouterr()
        return status, printed.out.strip(), printed.err.strip()

    return run_command


def test_a_key_is_printed_once_and_only_its_digest_is_stored(world: World, run: Any):
    status, key, _ = run("create", "shop", "--role", "events:write", "--role", "data:write")

    assert status == 0
    assert len(key) > 43
    assert world.accepts("shop", key)
    assert world.parameters.keys == {f"{PATH}/shop": "alias/rivulet-dev"}
    assert key not in str(vars(world.parameters))
    assert key not in run("list")[1]


def test_two_keys_are_never_the_same(world: World):
    assert len({world.keys.create(f"k{number}", ["read"]) for number in range(50)}) == 50


def test_while_a_name_is_rotated_both_keys_work_and_then_the_new_one(world: World, run: Any):
    _, old, _ = run("create", "shop", "--role", "read")
    status, new, _ = run("rotate", "shop", "--overlap-days", "2")

    assert status == 0
    assert world.accepts("shop", old, timedelta(days=1))
    assert world.accepts("shop", new, timedelta(days=1))
    assert not world.accepts("shop", old, timedelta(days=2))
    assert world.accepts("shop", new, timedelta(days=2))
    assert "rotating" in run("list")[1]
    assert run("rotate", "shop")[0] == 1


def test_a_revoked_name_has_no_valid_key_and_may_be_used_again(world: World, run: Any):
    _, key, _ = run("create", "shop", "--role", "read")
    assert run("revoke", "shop")[0] == 0
    assert not world.accepts("shop", key)
    assert "revoked" in run("list")[1]

    _, again, _ = run("create", "shop", "--role", "read")
    assert (world.accepts("shop", key), world.accepts("shop", again)) == (False, True)


PAGE = ["create", "shop", "--role", "events:write", "--producer", "page"]


def test_a_page_s_key_without_origins_is_made_with_a_warning(run: Any):
    assert "sends its events again" in run(*PAGE)[2]
    assert "sends its events again" not in run(*PAGE[:1], "other", *PAGE[2:], "--origin", "https://shop.example")[2]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://localhost:65535", "http://localhost:65535"),
    ],
)
def test_an_origin_is_stored_as_browsers_send_it(world: World, run: Any, given: str, stored: str):
    assert run(*PAGE, "--origin", given)[0] == 0
    assert read_key(world.parameters.values[f"{PATH}/shop"]).origins == (stored,)


def test_an_origin_that_gets_no_preflight_answer_is_named_with_the_remedy(run: Any):
    _, _, message = run(*PAGE, "--origin", "https://listed.example:443", "--origin", "https://own.example")

    assert "https://own.example: not among the cors_origins of dev" in message
    assert "listed.example" not in message
    assert "environments/dev.tfvars" in message


def test_a_key_expires(world: World, run: Any):
    _, key, _ = run("create", "shop", "--role", "read", "--days", "1")

    assert world.accepts("shop", key)
    assert not world.accepts("shop", key, timedelta(days=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "Shop", "--role", "read"], "no name of a key"),
        (["create", "shop", "--role", "train", "--producer", "page"], "cannot have the role train"),
        ([*PAGE, "--origin", "https://shop.example/"], "is no origin"),
        ([*PAGE, "--origin", "*"], "is no origin"),
        ([*PAGE, "--origin", "http://a..b:8080"], "is no origin"),
        ([*PAGE, "--origin", "http://-a.example"], "is no origin"),
        ([*PAGE, "--origin", "http://shop.example:65536"], "is no origin"),
        (["create", "zz", "--role", "read", "--hand-to-function"], "no function reads a key zz"),
        (["rotate", "taken", "--hand-to-function"], "no function reads a key taken"),
        (["create", "shop", "--role", "events:write", "--origin", "https://shop.example"], "cannot have origins"),
        (["create", "taken", "--role", "read"], "exists already"),
        (["rotate", "absent"], "no key is named absent; there are: taken"),
        (["revoke", "absent"], "no key is named absent"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_a_sentence(world: World, run: Any, arguments: list[str], message: str):
    world.keys.create("taken", ["read"])
    before = dict(world.parameters.values)
    status, printed, error = run(*arguments)

    assert (status, printed) == (1, "")
    assert message in error
    assert world.parameters.values == before


@pytest.mark.parametrize(
    "arguments",
    [["create", "shop"], ["create", "shop", "--role", "write"], ["rotate"], [], [*PAGE, "--days", "0"]],
)
def test_wrong_usage(run: Any, arguments: list[str]):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)


def test_the_longest_key_fits_into_a_parameter(world: World):
    origins = [f"https://{number}-{'long' * 10}.example" for number in range(20)]
    world.keys.create("n" * 40, ["events:write", "read:visitor"], "page", origins, timedelta(days=1))
    world.keys.rotate("n" * 40, timedelta(days=1))


def test_a_temporary_key_exists_for_the_time_of_the_check_only(world: World):
    with world.keys.temporary("smoke", ["read"]) as key:
        assert world.accepts("smoke", key)
        assert not world.accepts("smoke", key, timedelta(hours=1))
    assert world.parameters.values == {}

    with pytest.raises(RuntimeError), world.keys.temporary("smoke", ["read"]):
        raise RuntimeError
    assert world.parameters.values == {}


def test_the_canary_gets_one_key_that_can_do_no_more_than_it_needs(world: World):
    ensure_canary(world.keys)
    given = world.parameters.values["/rivulet/dev/secrets/canary"]
    ensure_canary(world.keys)

    assert world.parameters.values["/rivulet/dev/secrets/canary"] == given
    assert world.accepts("canary", given)
    assert read_key(world.parameters.values[f"{PATH}/canary"]).roles == ("events:write", "read:visitor")


def test_a_key_for_a_function_is_not_printed(world: World, run: Any):
    ensure_canary(world.keys)
    status, printed, _ = run("rotate", "canary", "--hand-to-function")

    assert (status, printed) == (0, "")
    assert world.accepts("canary", world.parameters.values["/rivulet/dev/secrets/canary"])


@pytest.mark.parametrize(
    "arguments", [("create", "distribution", "--role", "events:write"), ("rotate", "distribution")]
)
def test_the_key_that_terraform_makes_is_left_to_it(world: World, run: Any, arguments: tuple[str, ...]):
    status, printed, message = run(*arguments)

    assert (status, printed) == (1, "")
    assert "increase key_generation" in message
    assert world.parameters.values == {}


def test_a_rotated_key_ends_when_the_present_one_would_have(world: World, run: Any):
    run("create", "shop", "--role", "read", "--days", "3")
    _, kept, message = run("rotate", "shop", "--overlap-days", "0")

    assert "expires at" in message
    assert world.accepts("shop", kept, timedelta(days=2.9))
    assert not world.accepts("shop", kept, timedelta(days=3))

    _, longer, _ = run("rotate", "shop", "--overlap-days", "0", "--days", "9")
    assert world.accepts("shop", longer, timedelta(days=8.9))
    assert not world.accepts("shop", longer, timedelta(days=9))


def test_a_parameter_that_holds_no_key_is_named_and_the_other_names_go_their_way(world: World, run: Any):
    world.keys.create("shop", ["read"])
    world.parameters.values[f"{PATH}/broken"] = "{}"

    status, printed, message = run("list")
    assert (status, printed.split()[0]) == (0, "shop")
    assert f"aws ssm delete-parameter --name {PATH}/broken" in message
    assert [run(*arguments)[0] for arguments in (["rotate", "shop"], ["revoke", "shop"])] == [0, 0]
    assert "there are: shop" in run("revoke", "absent")[2]
    ensure_canary(world.keys)
    for arguments in (["rotate", "broken"], ["revoke", "broken"], ["create", "broken", "--role", "read"]):
        status, _, message = run(*arguments)
        assert (status, f"{PATH}/broken holds no key" in message) == (1, True)


def at_once(*changes: Callable[[], Any]) -> list[Any]:
    """Run changes in threads, and return their results, or the errors of the rules that they broke."""

    def result(change: Callable[[], Any]) -> Any:
        try:
            return change()
        except InvalidKeyError as error:
            return error

    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(result, changes))


def test_a_revocation_is_not_lost_to_a_rotation(world: World):
    world.parameters.call_seconds = 0.02
    made = [world.keys.create("shop", ["read"])]
    _, rotated = at_once(lambda: world.keys.revoke("shop"), lambda: world.keys.rotate("shop", timedelta(days=1)))

    made += [] if isinstance(rotated, InvalidKeyError) else [rotated[0]]
    assert [world.accepts("shop", key) for key in made] == [False] * len(made)
    assert list(world.parameters.values) == [f"{PATH}/shop"]


@pytest.mark.parametrize("has_key", [True, False])
def test_of_changes_at_once_every_key_that_is_returned_works(world: World, has_key: bool):
    world.parameters.call_seconds = 0.02
    if has_key:
        world.keys.create("shop", ["read"])
        results = at_once(*[lambda: world.keys.rotate("shop", timedelta(days=1))[0]] * 3)
    else:
        results = at_once(*[lambda: world.keys.create("shop", ["read"])] * 3)

    made = [result for result in results if not isinstance(result, InvalidKeyError)]
    assert [world.accepts("shop", key) for key in made] == [True]


def test_a_name_that_an_interrupted_command_holds_is_taken_after_some_seconds(world: World):
    class Clock:
        seconds = 0.0

        def monotonic(self) -> float:
            return self.seconds

        def sleep(self, seconds: float) -> None:
            self.seconds += seconds

    world.parameters.put_parameter(Name="/keys/shop/change", Value="interrupted", Type="String")
    clock = Clock()
    with sole_change(world.parameters, "/keys/shop/change", [], clock):
        assert world.parameters.values["/keys/shop/change"] != "interrupted"

    assert INTERRUPTED_SECONDS <= clock.seconds < INTERRUPTED_SECONDS + 1
    assert world.parameters.values == {}


def test_an_unknown_name_has_no_key(world: World):
    with pytest.raises(KeyNotFoundError):
        world.keys.revoke("absent")
    with pytest.raises(InvalidKeyError):
        world.keys.create("absent", [])
