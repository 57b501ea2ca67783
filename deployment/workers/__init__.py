"""The laptop's Lambda pollers and Firehose: event-source mappings (``mapping``) and deliveries to S3 (``delivery``).

One process reads the streams, invokes the functions and puts the objects, as Lambda's pollers and Firehose do on AWS.
It is a client of the emulator's public API only. Both kinds of reader keep their positions in ``checkpoints``, so a
killed process loses no record.
"""
