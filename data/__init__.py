"""Where clickstreams come from: a seeded generator, loaders for public and own data, and the replay of either."""
