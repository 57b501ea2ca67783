"""The recipes of the domain use cases, for recommenders (developer guide, "Choosing recommender use cases")."""

from __future__ import annotations

from model.recipes.item_to_item.similar_items import SimilarItems
from model.recipes.personalization.user_personalization import UserPersonalization
from model.recipes.popularity.trending import Trending
from model.registry.named_recipe import RANKING_METRICS, TREND_METRICS, NamedRecipe
from model.registry.use_cases import (
    PURCHASE,
    VIEW,
    WATCH,
    BestSellers,
    BoughtTogether,
    MostViewed,
    MostWatched,
    ViewedTogether,
    WatchedTogether,
)

USER, BOTH = ("userId",), ("userId", "itemId")
WITH_ITEMS = ("INTERACTIONS", "ITEMS")

SHOP_RECIPES = (
    NamedRecipe(
        "aws-ecomm-popular-items-by-views",
        "POPULAR_ITEMS",
        MostViewed,
        "Most viewed: items by the number of users who viewed them",
        domain="ECOMMERCE",
        needs=USER,
        metrics=RANKING_METRICS,
        required_events=(VIEW,),
    ),
    NamedRecipe(
        "aws-ecomm-popular-items-by-purchases",
        "POPULAR_ITEMS",
        BestSellers,
        "Best sellers: items by the number of users who bought them",
        domain="ECOMMERCE",
        needs=USER,
        metrics=RANKING_METRICS,
        required_events=(PURCHASE,),
    ),
    NamedRecipe(
        "aws-ecomm-frequently-bought-together",
        "RELATED_ITEMS",
        BoughtTogether,
        "Frequently bought together: items that the buyers of an item bought as well",
        domain="ECOMMERCE",
        needs=("itemId",),
        metrics=RANKING_METRICS,
        required_events=(PURCHASE,),
    ),
    NamedRecipe(
        "aws-ecomm-customers-who-viewed-x-also-viewed",
        "RELATED_ITEMS",
        ViewedTogether,
        "Customers who viewed X also viewed: without items that the user has bought",
        domain="ECOMMERCE",
        needs=BOTH,
        metrics=RANKING_METRICS,
        required_events=(VIEW,),
        hidden_after=PURCHASE,
    ),
    NamedRecipe(
        "aws-ecomm-recommended-for-you",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Recommended for you: items for a user, without items that the user has bought",
        domain="ECOMMERCE",
        needs=USER,
        metrics=RANKING_METRICS,
        required_events=(VIEW,),
        hidden_after=PURCHASE,
        explores=True,
        exploration_set=True,
        context=True,
    ),
)

VIDEO_RECIPES = (
    NamedRecipe(
        "aws-vod-because-you-watched-x",
        "RELATED_ITEMS",
        WatchedTogether,
        "Because you watched X: what others watched as well, without items that the user has watched",
        domain="VIDEO_ON_DEMAND",
        needs=BOTH,
        metrics=RANKING_METRICS,
        required_events=(WATCH,),
        hidden_after=WATCH,
    ),
    NamedRecipe(
        "aws-vod-more-like-x",
        "RELATED_ITEMS",
        SimilarItems,
        "More like X: videos like a video, without items that the user has watched",
        domain="VIDEO_ON_DEMAND",
        needs=BOTH,
        metrics=RANKING_METRICS,
        datasets=WITH_ITEMS,
        hidden_after=WATCH,
    ),
    NamedRecipe(
        "aws-vod-most-popular",
        "POPULAR_ITEMS",
        MostWatched,
        "Most popular: videos by the number of users who watched them",
        domain="VIDEO_ON_DEMAND",
        needs=USER,
        metrics=RANKING_METRICS,
        required_events=(WATCH,),
    ),
    NamedRecipe(
        "aws-vod-trending-now",
        "POPULAR_ITEMS",
        Trending,
        "Trending now: videos whose rate of interactions rises",
        domain="VIDEO_ON_DEMAND",
        needs=USER,
        metrics=TREND_METRICS,
    ),
    NamedRecipe(
        "aws-vod-top-picks",
        "USER_PERSONALIZATION",
        UserPersonalization,
        "Top picks for you: videos for a user, without items that the user has watched",
        domain="VIDEO_ON_DEMAND",
        needs=USER,
        metrics=RANKING_METRICS,
        datasets=WITH_ITEMS,
        hidden_after=WATCH,
        explores=True,
        exploration_set=True,
        context=True,
    ),
)
