"""The environment of the function, set before its modules are imported."""

import os

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Rivulet")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "lake")
