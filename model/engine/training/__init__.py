"""Training: rules of solutions, the input of a training, tuning and fitting."""
