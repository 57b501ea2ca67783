"""The state directory and the calls that make files durable."""
