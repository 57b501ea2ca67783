"""Says whether a new version may take the place of the one that serves, and whether the world has moved since."""
