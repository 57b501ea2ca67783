"""Written by ``python -m backend.contract.generate``; change the models, not these files."""
