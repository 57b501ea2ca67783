"""The origins of keys beside those of the environment, which alone get an answer to a preflight request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployment.terraform import PROJECT_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence


def unlisted_origins(functions: Any, environment: str, origins: Sequence[str]) -> list[str]:
    """Return the origins that are not among the deployed `cors_origins`; all where those cannot be read.

    The gateway answers a preflight request before it knows the key, so that it can name no origin of a key.

    Parameters
    ----------
    functions
        Client of Lambda.
    """
    if not origins:
        return []
    try:
        found = functions.get_function_configuration(FunctionName=f"{PROJECT_NAME}-{environment}-recommend")
    except ClientError:
        return list(origins)
    listed = found.get("Environment", {}).get("Variables", {}).get("CORS_ORIGINS", "").split()
    return [origin for origin in origins if origin not in listed]
