"""Builds the curated tables from the raw lake: a Spark job for Glue and for plain PySpark.

Under Glue:   --JOB_NAME rivulet-dev-curate --lake s3://…/raw/ --curated s3://…/curated/ --run_id <execution name>
Without Glue: python -m scripts.curate --lake lake/raw/ --curated lake/curated/ --run_id today

Each run takes a window of arrivals, `--from` to `--to`, widened to whole hours, and rewrites the event days whose
content changes. Windows may overlap, come in any order and run again: the tables are the same. Without a window it
takes the whole lake.
"""

from __future__ import annotations

import json
import sys

from pyspark.sql import SparkSession

from scripts.curated.build import curate
from scripts.curated.options import read_options


def main(arguments: list[str]) -> None:
    """Run the job and print its manifest; Glue reports an uncaught error as the run's failure."""
    options = read_options(arguments)
    spark = SparkSession.builder.appName(options.job_name).getOrCreate()
    sys.stdout.write(json.dumps(curate(spark, options), indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
