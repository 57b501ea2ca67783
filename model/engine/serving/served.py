"""A served model: the trained recipe that a campaign or a recommender answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.engine.storage.dataset_group import ACTIONS, ITEMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.engine.filters.table import Table
    from model.recipes.recipe import Recipe
    from model.registry.named_recipe import NamedRecipe


@dataclass
class Served:
    """The trained recipe that a campaign or a recommender answers with.

    Attributes
    ----------
    version_arn : str
        Of the solution version; of a recommender itself.
    trained_at : float
        Epoch seconds.
    excluded : dict of sets of str
        By dataset type, the columns that the model does not learn from.
    """

    version_arn: str
    named: NamedRecipe
    recipe: Recipe
    group_arn: str
    trained_at: float
    excluded: dict[str, set[str]] = field(default_factory=dict)
    _table: Table | None = None
    _rows: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))

    @property
    def catalogue_type(self) -> str:
        """The dataset type of the recommended entities: ITEMS or ACTIONS."""
        return ACTIONS if self.named.recommends_actions else ITEMS

    def rows_in(self, table: Table) -> NDArray[np.intp]:
        """Return the row numbers of the recipe's items; rows keep theirs, so only those of new items are looked up."""
        known = self._rows.size if table is self._table else 0
        item_ids = self.recipe.item_ids
        if known < len(item_ids) or table is not self._table:
            new = table.intern(item_ids[known:]).astype(np.intp)
            self._table, self._rows = table, np.concatenate([self._rows[:known], new])
        return self._rows
