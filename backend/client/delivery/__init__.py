"""From `send` to an outcome: the events that wait, the thread that delivers them, retries, forks and exits."""
