"""Configures MiniStack, installs the overrides, and serves every AWS API on one socket."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
from typing import TYPE_CHECKING

from deployment.emulator import overrides
from deployment.emulator.settings import ACCOUNT, HOST

if TYPE_CHECKING:
    import socket

    from deployment.emulator.settings import Settings

KEEP_ALIVE_SECONDS = 75
"""An idle connection stays open longer than boto3 keeps one, so that no request meets a connection being closed."""


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve every AWS API on a listening socket until SIGTERM or SIGINT."""
    tempfile.tempdir = settings.scratch
    os.environ.update(environment(settings))
    _raise_descriptor_limit()
    # MiniStack reads its environment at import, so the import follows the update.
    from hypercorn.asyncio import serve as serve_asgi  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack import app  # noqa: PLC0415

    overrides.install(settings)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.loglevel = "WARNING"
    asyncio.run(serve_asgi(app.app, config))


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables that configure MiniStack."""
    return {
        "GATEWAY_PORT": str(settings.port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": settings.region,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.directory / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.directory / "s3"),
        "TMPDIR": settings.scratch,
        "AUTH": "true" if settings.iam_enforced else "false",
        # Listeners of services that Rivulet does not use.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # No Docker daemon is used, even where one runs: the laptop's cloud must work without it.
        "DOCKER_HOST": f"unix://{settings.scratch}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        # Functions, jobs, state machines and the emulator's own clients read these.
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ENDPOINT_URL_PERSONALIZE": settings.engine_url,
        "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS": settings.engine_url,
        "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": settings.engine_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": settings.region,
    }


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
