"""How Rivulet is packed, provisioned and run: on a laptop, and on AWS."""

import importlib.util

# Of the environments that run its commands one has the SDK, the other the emulator.
if all(importlib.util.find_spec(name) is None for name in ("boto3", "ministack")):
    raise SystemExit(
        "python -m deployment.… runs in the project's environment: make setup, then build/env/main/bin/python -m "
        "deployment.…, or source build/env/main/bin/activate first"
    )
