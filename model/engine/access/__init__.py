"""Who may ask: signatures, what was used before, and the door that decides."""
