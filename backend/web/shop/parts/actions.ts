/** What a visitor can do with a product, from wherever it is shown. */

import { signal } from "@preact/signals";
import type { Answer } from "../state/answers.js";
import { changeQuantity } from "../state/basket.js";
import { clicked, viewed } from "../state/events.js";
import { titleOf, type Product } from "../state/products.js";
import { loadBecause, react } from "../state/shelves.js";

/** What was done last, in a sentence that is read out. */
export const done = signal("");

/** Looks at a product without leaving the page. */
export const lookAt = (product: Product, recommendation: Answer | null): void => {
  const eventIds = [clicked(product.item_id, recommendation), viewed(product.item_id)];
  void react(eventIds, `you looked at ${titleOf(product)}`);
  void loadBecause({ item_id: product.item_id, event_type: "View" });
};

/** Opens the page of a product. */
export const visitProduct = (product: Product): void => {
  void react([viewed(product.item_id)], `you looked at ${titleOf(product)}`);
  void loadBecause({ item_id: product.item_id, event_type: "View" });
};

export const addToBasket = (product: Product, quantity = 1): void => {
  const eventId = changeQuantity(product, quantity);
  if (!eventId) {
    done.value = `The basket takes no more of ${titleOf(product)}.`;
    return;
  }
  done.value = `${titleOf(product)} is in your basket.`;
  void react([eventId], `you put ${titleOf(product)} into the basket`);
};
