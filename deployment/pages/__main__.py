"""Uploads built pages to an environment's shop, and makes CloudFront serve them: `python -m deployment.pages dev`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from deployment.pages.upload import PagesError, invalidate, upload
from deployment.release.environment import ARCHIVES, Environment, ReleaseError, open_environment
from deployment.terraform import TerraformMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

BUILT = ARCHIVES / "pages"


def main(arguments: Sequence[str] | None = None) -> int:
    """Upload; return the exit status: 0 done, or the environment has no shop; 1 failed; 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m deployment.pages", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="dev, production or local")
    parser.add_argument("--folder", type=Path, default=BUILT, help="the built pages (default: build/pages)")
    options = parser.parse_args(arguments)
    try:
        environment = open_environment(options.environment)
        environment.initialize()
        sys.stdout.write(publish(environment, environment.outputs(), options.folder) + "\n")
    except (PagesError, ReleaseError, TerraformMissingError, WaiterError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def publish(environment: Environment, outputs: dict[str, Any], folder: Path) -> str:
    """Upload the pages of an environment, where it has a shop, and return a sentence of what was done."""
    pages = outputs.get("pages")
    if pages is None:  # Terraform leaves out an output that is null
        return f"{environment.name} has no shop: nothing was uploaded"
    done = upload(environment.client("s3"), pages["bucket"], folder)
    invalidate(environment.client("cloudfront"), pages["distribution_id"], done.files)
    text = f"uploaded {len(done.files)} files to {pages['bucket']}"
    deleted = f", deleted {', '.join(done.deleted)}" if done.deleted else ""
    return f"{text}{deleted}: {outputs.get('shop_url') or 'python -m deployment.local status prints the address'}"


if __name__ == "__main__":
    sys.exit(main())
