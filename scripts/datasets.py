"""Builds the recommender's data sets from the lake: a Spark job for Glue and for plain PySpark.

Under Glue:   --JOB_NAME rivulet-dev-datasets --lake s3://…/raw/ --datasets s3://…/ --run_id <execution name>
Without Glue: python -m scripts.datasets --lake lake/raw/ --datasets datasets/ --run_id today
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

from scripts.arguments import read_arguments
from scripts.build import build_datasets


def main(arguments: list[str]) -> None:
    """Run the job; Glue reports an uncaught error as the run's failure."""
    options = read_arguments(arguments)
    spark = SparkSession.builder.appName(options.job_name).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    build_datasets(spark, options)


if __name__ == "__main__":
    main(sys.argv[1:])
