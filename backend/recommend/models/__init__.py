"""The models that a request may name in place of the campaign of its route."""
