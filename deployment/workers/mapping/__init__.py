"""Event-source mappings from Kinesis to Lambda, as AWS documents them.

``settings`` reads a mapping; ``batch``, ``retries``, ``progress``, ``filters`` and ``discarded`` are pure functions of
values; ``consumer`` is the thread that reads a shard, ``lane`` a thread that invokes the function; ``invoke`` and
``destination`` call AWS.
"""
