"""Access to the API: keys, their roles, and the routes that each role may call."""
