"""The main job, from a click to a recommendation, shown step by step on the laptop's cloud."""
