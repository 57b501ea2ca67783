"""The demonstration: the whole pipeline, from a click to a recommendation, step by step on the laptop's cloud."""
