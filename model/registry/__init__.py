"""The registry: every named recipe of Amazon Personalize, of its domains and of Rivulet, with its algorithm."""
