"""The columns of the lake's tables: raw and curated."""
