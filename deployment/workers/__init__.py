"""What AWS does between its services, supplied to the laptop's cloud: event-source mappings and Firehose deliveries.

One process that is nothing but a client of the emulator's public API: it reads the streams, invokes the functions and
puts the objects, as Lambda's pollers and Firehose do on AWS. ``mapping`` is the one, ``delivery`` the other; both keep
their positions in ``checkpoints`` and come back from a kill with nothing lost.
"""
