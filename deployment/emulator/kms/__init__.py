"""KMS: every call that uses a key is checked against the key's policy, its state and the caller's policies.

AWS's services encrypt and decrypt with the permissions of their caller, of a role or of themselves, and a call fails
where the key refuses them. MiniStack stores the names of keys without effect. With ``--enforce-iam`` the table in
`rules` says which use of a key each call needs, `resources` finds the key, `decisions` evaluates the policies, `checks`
applies them to requests, and `errors` answers as each service does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.kms import checks

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(settings: Settings) -> None:
    """Check the use of keys where IAM is enforced."""
    if settings.iam_enforced:
        checks.install()
