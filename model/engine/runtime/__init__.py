"""The running engine: its state in memory, and the life cycles of its resources."""
