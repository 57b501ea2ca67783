"""The training of the networks; needs PyTorch."""
