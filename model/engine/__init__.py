"""The engine: a service that answers Amazon Personalize's API with recommendations of its own, state on disk."""
