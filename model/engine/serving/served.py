"""A served model: the trained recipe that a campaign or a recommender answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model.arrays.growable import GrowableRows
from model.engine.storage.dataset_group import ACTIONS, ITEMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.engine.filters.table import Table
    from model.engine.storage.interactions.store import InteractionStore
    from model.recipes.recipe import Recipe
    from model.registry.named_recipe import NamedRecipe

UNKNOWN = -1  # position of an item that the recipe does not know


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
    _interactions: InteractionStore | None = None
    _positions: GrowableRows = field(default_factory=lambda: GrowableRows(np.empty(0, np.int32)))
    _items_numbered: int = 0  # of the recipe, whose positions by number are known

    @property
    def catalogue_type(self) -> str:
        """The dataset type of the recommended entities: ITEMS or ACTIONS."""
        return ACTIONS if self.named.recommends_actions else ITEMS

    def seen_by(self, interactions: InteractionStore, user_id: str) -> NDArray[np.int32]:
        """Return the positions in the recipe of all items that a user has interacted with: int32 array of shape (n,).

        An item may occur twice.
        """
        numbers = interactions.seen(user_id)
        self._number_items(interactions)
        positions: NDArray[np.int32] = self._positions.rows[numbers]
        known: NDArray[np.int32] = positions[positions != UNKNOWN]
        return known

    def rows_in(self, table: Table) -> NDArray[np.intp]:
        """Return the row numbers of the recipe's items; rows keep theirs, so only those of new items are looked up."""
        known = self._rows.size if table is self._table else 0
        item_ids = self.recipe.item_ids
        if known < len(item_ids) or table is not self._table:
            new = table.intern(item_ids[known:]).astype(np.intp)
            self._table, self._rows = table, np.concatenate([self._rows[:known], new])
        return self._rows

    def _number_items(self, interactions: InteractionStore) -> None:
        """Note the recipe's positions of items by their numbers in the interactions; only new ones are looked up."""
        if interactions is not self._interactions:
            self._interactions, self._items_numbered = interactions, 0
            self._positions = GrowableRows(np.empty(0, np.int32))
        item_ids, item_of, names = self.recipe.item_ids, self.recipe.item_of, interactions.item_names
        for item_id in item_ids[self._items_numbered :]:
            number = interactions.item_number(item_id)
            if number is not None and number < len(self._positions):
                self._positions.rows[number] = item_of[item_id]
        self._items_numbered = len(item_ids)
        for item_id in names[len(self._positions) :]:
            self._positions.append(item_of.get(item_id, UNKNOWN))
