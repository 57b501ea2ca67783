"""Spark jobs: thin entry points over pure DataFrame → DataFrame transforms, with PySpark as the only dependency."""
