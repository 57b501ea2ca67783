"""Event-source mappings from Kinesis to Lambda, as AWS documents them.

``settings`` is what a mapping says; ``batch``, ``verdict``, ``progress``, ``pattern`` and ``discard`` decide, values in
and values out; ``lane`` and ``consumer`` are the threads that read, invoke and remember.
"""
