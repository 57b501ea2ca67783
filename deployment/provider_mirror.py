"""Finds a filesystem mirror of the Terraform providers, so that ``terraform init`` works without the registry.

Terraform searches a few folders by itself, and those that a CLI configuration names. A machine without access to the
registry may also have a mirror under the root for optional software (FHS 3.0, section 3.13), which Terraform does not
search; for such a mirror this module writes a CLI configuration.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REGISTRY = "registry.terraform.io"
"""Host name that is the top folder of every mirror of the public registry."""

CONFIGURATION_VARIABLE = "TF_CLI_CONFIG_FILE"
"""The variable that names a CLI configuration, which replaces the one in the home folder.
https://developer.hashicorp.com/terraform/cli/config/config-file"""

SEARCH_DEPTH = 3
"""The maximum depth of a mirror's ``registry.terraform.io`` below the root for optional software."""

OPTIONAL_SOFTWARE = Path(os.sep, "opt")
"""Root for add-on software, https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch03s13.html"""


def cli_config(
    directory: Path, *, environment: Mapping[str, str] | None = None, root: Path = OPTIONAL_SOFTWARE
) -> Path | None:
    """Return the CLI configuration to run Terraform with.

    Parameters
    ----------
    environment
        Terraform's environment variables; the process's own by default.
    root
        Folder that is searched for a mirror when Terraform's own search finds none.

    Returns
    -------
    Path or None
        The configuration that the environment names, if it exists; otherwise a new one for the mirror; None where
        Terraform's own rules suffice: the home folder's configuration, a mirror that Terraform searches by itself, or
        the registry.
    """
    variables = os.environ if environment is None else environment
    named = variables.get(CONFIGURATION_VARIABLE)
    if named and Path(named).is_file():
        return Path(named)
    if any(file.is_file() for file in _own_configurations(variables)):
        return None
    if any((folder / REGISTRY).is_dir() for folder in _implied_mirrors(variables)):
        return None
    mirror = next(_mirrors(root), None)
    if mirror is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "terraform.rc"
    file.write_text(_configuration(mirror), encoding="utf-8")
    return file


def _own_configurations(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files that Terraform reads when the environment names none."""
    if home := environment.get("HOME"):
        yield Path(home, ".terraformrc")
        yield Path(home, ".terraform.rc")


def _implied_mirrors(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the folders that Terraform searches by itself.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = environment.get("HOME", "")
    if home:
        yield Path(home, ".terraform.d", "plugins")
    yield Path(environment.get("XDG_DATA_HOME") or Path(home, ".local", "share"), "terraform", "plugins")
    for folder in (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(folder, "terraform", "plugins")


def _mirrors(root: Path) -> Iterator[Path]:
    """Yield folders with a mirror, at most SEARCH_DEPTH below the root, the shallowest first."""
    level: Iterable[Path] = [root]
    for _ in range(SEARCH_DEPTH):
        below: list[Path] = []
        for folder in level:
            if (folder / REGISTRY).is_dir():
                yield folder
            else:
                below.extend(_folders(folder))
        level = below


def _folders(folder: Path) -> list[Path]:
    """Return the sorted folders in a folder; none if it is not readable."""
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    except OSError:
        return []


def _configuration(mirror: Path) -> str:
    """Return a configuration that takes the mirror's providers from the mirror and all others from the registry."""
    providers = sorted(
        f"{REGISTRY}/{namespace.name}/{provider.name}"
        for namespace in _folders(mirror / REGISTRY)
        for provider in _folders(namespace)
    )
    include = json.dumps(providers)
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = {include}\n  }}\n"
        f"  direct {{\n    exclude = {include}\n  }}\n"
        "}\n"
    )
