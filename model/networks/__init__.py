"""Recommenders trained with PyTorch, NeuMF and LightGCN; `model.recipes` serves what they learn without it."""
