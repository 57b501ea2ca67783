"""Spark jobs: thin entry points over pure DataFrame → DataFrame transforms. Needs PySpark and nothing else."""
