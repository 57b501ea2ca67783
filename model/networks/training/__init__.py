"""Training of the networks; needs PyTorch."""
