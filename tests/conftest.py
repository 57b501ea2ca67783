"""Settings of all tests: the environment of the Lambda functions, and Hypothesis without deadlines."""

import os

from hypothesis import settings

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Rivulet")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tests")

# A busy machine exceeds the default of 200 ms per example.
settings.register_profile("rivulet", deadline=None)
settings.load_profile("rivulet")
