"""Recipes as custom models on Amazon SageMaker: training and serving under its contract with containers."""
