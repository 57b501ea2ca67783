"""The algorithms: pure functions over arrays of interactions, behind one small interface (`recipe.Recipe`)."""
