"""Settings from the command line and the environment."""
