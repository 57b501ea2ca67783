"""Recipes as a custom model on Amazon SageMaker: trained and served under the contract that it has with containers."""
