"""Every named recipe by its name: those of Amazon Personalize, those of its domains, and Rivulet's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.registry.amazon_recipes import AMAZON_RECIPES
from model.registry.domain_recipes import SHOP_RECIPES, VIDEO_RECIPES
from model.registry.own_recipes import OWN_RECIPES

if TYPE_CHECKING:
    from model.registry.named_recipe import NamedRecipe

RECIPES: dict[str, NamedRecipe] = {
    named.name: named for named in (*AMAZON_RECIPES, *SHOP_RECIPES, *VIDEO_RECIPES, *OWN_RECIPES)
}
