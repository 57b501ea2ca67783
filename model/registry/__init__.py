"""The registry of recipes: every name of Amazon Personalize, of its domains and of Rivulet, with its algorithm."""
