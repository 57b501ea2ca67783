"""The laptop's AWS: MiniStack, pinned, with one override for each gap or difference from AWS.

Runs in an environment of its own (``deployment/requirements/emulator.txt``), never imported by the rest of the project.
"""
