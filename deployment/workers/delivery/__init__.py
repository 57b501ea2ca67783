"""Firehose delivery streams from Kinesis or from direct puts to S3, as AWS documents them.

``settings`` reads a delivery stream; ``source``, ``buffer``, ``prefix``, ``transform``, ``schema``, ``serde``,
``parquet``, ``failures`` and ``objects`` turn records into objects and are pure functions of values; ``invoke`` calls
the transform function; ``consumer`` is the thread that reads, transforms, puts the objects, then moves the position.
"""
