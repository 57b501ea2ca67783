"""The laptop's AWS: MiniStack, pinned, with what it lacks supplied by one module per gap.

Runs in an environment of its own (``deployment/requirements/emulator.txt``), never imported by the rest of the project.
"""
