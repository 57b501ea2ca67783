"""Training: what a solution may ask for, what is learnt from, when, and how good it is."""
