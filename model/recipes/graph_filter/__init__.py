"""The graph filter: a recipe in closed form, and the part of a user's scores that uses it."""
