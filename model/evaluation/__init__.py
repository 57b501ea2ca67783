"""How good recommendations are: splits, metrics and their uncertainty, logs replayed, experiments compared."""
