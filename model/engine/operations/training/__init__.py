"""Operations on recipes, solutions and solution versions."""
