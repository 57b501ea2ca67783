"""The algorithms of the domain use cases, some of which are trained on a single event type."""

from __future__ import annotations

from model.recipes.item_to_item.similar_items import SimilarItems
from model.recipes.popularity.popularity import Popularity

VIEW, PURCHASE, WATCH = "View", "Purchase", "Watch"


class MostViewed(Popularity):
    """Items by the number of users who viewed them."""

    learns_from = (VIEW.lower(),)


class BestSellers(Popularity):
    """Items by the number of users who bought them."""

    learns_from = (PURCHASE.lower(),)


class MostWatched(Popularity):
    """Videos by the number of users who watched them."""

    learns_from = (WATCH.lower(),)


class BoughtTogether(SimilarItems):
    """Items that the same users bought."""

    learns_from = (PURCHASE.lower(),)


class ViewedTogether(SimilarItems):
    """Items that the same users viewed."""

    learns_from = (VIEW.lower(),)


class WatchedTogether(SimilarItems):
    """Videos that the same users watched."""

    learns_from = (WATCH.lower(),)
