"""ARNs, and the account and region of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass

ACCOUNT = re.compile(r"\d{12}")
CREDENTIAL = re.compile(rb"Credential=([^/,\s]{1,128})/\d{8}/([a-z0-9-]{1,32})/[a-z0-9-]{1,32}/aws4_request")


@dataclass(frozen=True)
class Caller:
    """The account and region of a request."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        """Return the ARN of one of the caller's resources, given as "campaign/shop"."""
        return f"{self.prefix}{resource}"

    @property
    def prefix(self) -> str:
        """The beginning of the ARNs of all the caller's resources."""
        return f"arn:aws:personalize:{self.region}:{self.account}:"


def caller_of(authorization: bytes | None, default: Caller) -> Caller:
    """Read account and region from a Signature Version 4 header.

    As in other substitutes for AWS, an access key of twelve digits is an account; any other key means the default
    account.
    """
    match = CREDENTIAL.search(authorization or b"")
    if match is None:
        return default
    key, region = match[1].decode("latin-1"), match[2].decode("ascii")
    return Caller(key if ACCOUNT.fullmatch(key) else default.account, region)


def owner_of(arn: str) -> Caller:
    """Return the account and region that a resource belongs to."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return Caller(account, region)


def labels_of(arn: str, kind: str) -> dict[str, str]:
    """Return the labels of a resource in metrics; its name is that of its kind, such as campaign.

    Names are unique within an account and region only.
    """
    owner = owner_of(arn)
    return {"account": owner.account, "region": owner.region, kind: arn.rpartition("/")[2]}


def service_arn(kind: str, name: str) -> str:
    """Return the ARN of a recipe, algorithm or feature-transformation of the service, without region and account."""
    return f"arn:aws:personalize:::{kind}/{name}"
