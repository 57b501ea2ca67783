"""The front door: takes events, items and users, says of each what became of it, and puts them where they belong."""
