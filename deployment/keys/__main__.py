"""Makes, lists, rotates and revokes the keys of the API; Parameter Store has their SHA-256 only.

A key is printed once, when it is made. A revoked key stops working within a minute.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from backend.contract.access.keys import InvalidKeyError, checked_origin
from backend.contract.access.roles import PRODUCERS, ROLES
from deployment.keys.origins import unlisted_origins
from deployment.keys.stored import FUNCTIONS, KeyNotFoundError, Keys
from deployment.release.environment import ReleaseError, open_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERLAP_DAYS = 7

_EXAMPLES = """
examples:
  python -m deployment.keys dev create shop --role events:write
  python -m deployment.keys dev create shop-page --role events:write --producer page --origin https://shop.example
  python -m deployment.keys local create shop --role events:write        on the laptop's cloud, while it runs
  python -m deployment.keys dev list
  python -m deployment.keys dev rotate shop              prints a new key; the present one works for a week more
  python -m deployment.keys dev revoke shop
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0 done, 1 failed or refused, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        environment = open_environment(options.environment)
        _check_function(options)
        options.command(Keys(environment.client("ssm"), environment.name), options)
        origins = [checked_origin(origin) for origin in getattr(options, "origin", [])]
        if unlisted := unlisted_origins(environment.client("lambda"), environment.name, origins):
            sys.stderr.write(_unlisted(unlisted, options.environment))
    except (InvalidKeyError, KeyNotFoundError, ReleaseError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _create(keys: Keys, options: argparse.Namespace) -> None:
    lifetime = None if options.days is None else timedelta(days=options.days)
    if options.producer == "page" and not options.origin:
        sys.stderr.write(
            "the key names no --origin: only pages of the origins in Terraform's cors_origins can read the answers, "
            "and a page that cannot read them sends its events again\n"
        )
    _show(keys, options, keys.create(options.name, options.role, options.producer, options.origin, lifetime))


def _check_function(options: argparse.Namespace) -> None:
    if getattr(options, "hand_to_function", False) and options.name not in FUNCTIONS:
        raise InvalidKeyError(f"no function reads a key {options.name}: --hand-to-function is for {FUNCTIONS[0]}")


def _unlisted(origins: Sequence[str], environment: str) -> str:
    return (
        f"{', '.join(origins)}: not among the cors_origins of {environment}, so browsers send this key's events by "
        f"POST /e only, and no other request; for those add the origin to infrastructure/environments/{environment}"
        ".tfvars, and apply\n"
    )


def _rotate(keys: Keys, options: argparse.Namespace) -> None:
    lifetime = None if options.days is None else timedelta(days=options.days)
    key, end = keys.rotate(options.name, timedelta(days=options.overlap_days), lifetime)
    if end is not None:
        sys.stderr.write(f"the new key expires at {end:%Y-%m-%d %H:%M} UTC; --days sets another end\n")
    _show(keys, options, key)


def _show(keys: Keys, options: argparse.Namespace, key: str) -> None:
    if options.hand_to_function:
        keys.hand_to_function(options.name, key)
        sys.stderr.write(f"the function {options.name} reads the key within minutes; it is not printed\n")
        return
    sys.stderr.write("this key is shown once, and stored nowhere:\n")
    sys.stdout.write(f"{key}\n")


def _revoke(keys: Keys, options: argparse.Namespace) -> None:
    keys.revoke(options.name)
    sys.stderr.write(f"{options.name} is revoked; it stops working within a minute\n")


def _list(keys: Keys, _options: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    found, errors = keys.all()
    for key in found:
        ends = [
            f"until {version.expires_at:%Y-%m-%d %H:%M}" for version in key.valid_versions(now) if version.expires_at
        ]
        fields = [key.name, key.state(now), key.producer, ",".join(key.roles), ",".join(key.origins), *ends]
        sys.stdout.write("  ".join(field for field in fields if field) + "\n")
    sys.stderr.write("".join(f"{error}\n" for error in errors))


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days <= 3650:
        raise argparse.ArgumentTypeError(f"{text} is no number of days from 0 to 3650")
    return days


def _lifetime(text: str) -> float:
    days = _days(text)
    if not days:
        raise argparse.ArgumentTypeError(f"{text} days would make an expired key")
    return days


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.keys",
        description=__doc__,
        epilog="roles:\n" + "\n".join(f"  {role:13} {text}" for role, text in ROLES.items()) + "\n" + _EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("environment", metavar="ENVIRONMENT", help="dev, production or local")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str, *, has_name: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        if has_name:
            added.add_argument(
                "name", metavar="NAME", help="whose key it is: a letter, then up to 39 of a-z, 0-9 and -"
            )
        return added

    created = add("create", _create, "make a key, and print it once")
    created.add_argument("--role", action="append", required=True, choices=list(ROLES), help="repeated for several")
    created.add_argument("--producer", choices=PRODUCERS, default="server", help="who sends events with it")
    created.add_argument(
        "--origin",
        action="append",
        default=[],
        help="of the pages that may send it, repeated; requests other than POST /e need it in cors_origins, too",
    )
    created.add_argument("--days", type=_lifetime, help="until it expires (default: never)")
    rotated = add("rotate", _rotate, "make a second key of a name, and print it once")
    rotated.add_argument(
        "--overlap-days", type=_days, default=OVERLAP_DAYS, help="how long the present one still works (default: 7)"
    )
    rotated.add_argument(
        "--days", type=_lifetime, help="until the new one expires (default: the end of the present one, if it has one)"
    )
    for command in (created, rotated):
        command.add_argument(
            "--hand-to-function",
            action="store_true",
            help="store it for the function of that name in place of printing it",
        )
    add("revoke", _revoke, "refuse every key of a name from now on")
    add("list", _list, "show the keys: state, producer, roles, origins, ends", has_name=False)
    return parser


if __name__ == "__main__":
    sys.exit(main())
