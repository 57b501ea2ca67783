"""User personalization: the user scorer, its parts and weights, and the recipes that use it."""
