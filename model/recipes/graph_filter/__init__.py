"""The graph filter: a recipe in closed form, and the score part that other recipes take from it."""
