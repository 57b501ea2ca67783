"""Recipes that serve trained networks with numpy, without PyTorch."""
