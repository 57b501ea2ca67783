"""Recommenders trained with PyTorch, NeuMF and LightGCN, and the recipes that serve them without it."""
