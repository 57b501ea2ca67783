"""Sources of clickstreams: a seeded generator, loaders for public and custom data sets, and a replay of either."""
