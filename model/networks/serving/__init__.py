"""Recipes that serve trained networks with numpy; none of them needs PyTorch."""
