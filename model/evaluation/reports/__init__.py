"""Tables and plots of experiments."""
