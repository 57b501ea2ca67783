"""A Terraform provider in a process of its own, which many runs of Terraform share.

Terraform starts the provider anew for each phase of each run, and reads its schema of 1,400 resources each time.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ProviderError(Exception):
    """The provider did not start."""


@contextmanager
def running_provider(data: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the AWS provider that `terraform init` placed in a data folder.

    Its `-debug` starts it as a server: https://developer.hashicorp.com/terraform/plugin/debugging.

    Yields
    ------
    dict
        The environment in which Terraform uses this process, one run at a time, since each run configures it.
    """
    (program,) = data.glob("providers/*/hashicorp/aws/*/*/terraform-provider-aws*")
    # Its HTTP client refuses a bundle of certificates the second time that it is configured.
    variables = {name: value for name, value in environment.items() if name != "AWS_CA_BUNDLE"}
    # As a server it logs every request, a quarter of a million lines.
    with subprocess.Popen(
        [str(program), "-debug"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                if address := re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line):
                    yield variables | {"TF_REATTACH_PROVIDERS": address.group(1)}
                    return
            raise ProviderError(f"{program} -debug ended without an address")
        finally:
            process.kill()
