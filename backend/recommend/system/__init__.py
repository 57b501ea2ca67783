"""What serves: the models of the recommender, and the system's own description."""
