"""Items for a user: the scores, their parts and weights, and the recipes that use them."""
