"""Compares a producer's ledger with what every stage holds, event by event."""
