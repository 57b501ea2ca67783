"""Firehose delivery streams from Kinesis or from direct puts to S3, as AWS documents them.

``settings`` is what a delivery stream says; ``source``, ``buffer``, ``prefix``, ``transform``, ``schema``, ``serde``,
``parquet``, ``failures`` and ``objects`` turn records into objects, values in and out; ``consumer`` is the thread that
reads, transforms, puts the objects, and only then moves the position.
"""
