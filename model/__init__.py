"""The recommender: schemas, solutions, recipes, and the engine that serves them as Amazon Personalize would."""
