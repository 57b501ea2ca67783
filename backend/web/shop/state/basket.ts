/** The basket, which the browser keeps. */

import { computed, signal } from "@preact/signals";
import * as events from "./events.js";
import type { Product } from "./products.js";
import { follow, load, save } from "./storage.js";

export interface Line {
  product: Product;
  quantity: number;
}

const NAME = "basket";
export const MOST = 99;

const TEXTS = ["title", "category", "brand", "availability", "picture"] as const;

const isLine = (line: any): line is Line => {
  const { product, quantity } = line ?? {};
  return (
    typeof product?.item_id === "string" &&
    // An id with half of a character fits into no address.
    /^\P{Surrogate}+$/su.test(product.item_id) &&
    TEXTS.every((name) => product[name] === undefined || typeof product[name] === "string") &&
    (product.price === undefined || (Number.isFinite(product.price) && product.price >= 0)) &&
    Number.isInteger(quantity) &&
    quantity > 0 &&
    quantity <= MOST
  );
};

/** Returns the lines of a stored basket that the shop can show, each product once. */
const linesOf = (stored: unknown): Line[] => {
  const valid = Array.isArray(stored) ? stored.filter(isLine) : [];
  return [...new Map(valid.map((line) => [line.product.item_id, line])).values()];
};

export const lines = signal<readonly Line[]>(linesOf(load(NAME)));

export const total = computed(() => lines.value.reduce((sum, { product, quantity }) => sum + (product.price ?? 0) * quantity, 0));
export const units = computed(() => lines.value.reduce((sum, { quantity }) => sum + quantity, 0));

const keep = (changed: readonly Line[]): void => {
  lines.value = changed;
  save(NAME, changed);
};

/** Takes over what other tabs have changed; a browser that stores nothing has only what this tab knows. */
const update = (): void => {
  const stored = load(NAME);
  if (stored !== undefined) lines.value = linesOf(stored);
};

export const followBasket = (): void => follow(NAME, update);

const eventLine = ({ product, quantity }: Line) => ({ itemId: product.item_id, quantity, price: product.price });

/** Puts units of a product into the basket, or takes some out, and returns the id of the event; "" without a change. */
export const changeQuantity = (product: Product, by: number): string => {
  update();
  const line = lines.peek().find((each) => each.product.item_id === product.item_id) ?? { product, quantity: 0 };
  const quantity = Math.max(0, Math.min(line.quantity + by, MOST));
  const changed = Math.abs(quantity - line.quantity);
  if (!changed) return "";
  const isListed = lines.peek().includes(line);
  const updated = { product, quantity };
  keep(
    isListed
      ? lines.peek().flatMap((each) => (each !== line ? [each] : quantity ? [updated] : []))
      : [...lines.peek(), updated],
  );
  return (by > 0 ? events.added : events.removed)(eventLine({ product, quantity: changed }));
};

export interface Order {
  orderId: string;
  lines: readonly Line[];
  eventIds: string[];
}

/** Buys what is in the basket: one event for each product, all of one order; of an empty basket there is none. */
export const buy = (): Order | undefined => {
  update();
  const bought = lines.peek();
  if (!bought.length) return undefined;
  const orderId = "o-" + crypto.getRandomValues(new Uint32Array(2)).join("-");
  const eventIds = bought.map((line) => events.bought(eventLine(line), orderId));
  keep([]);
  return { orderId, lines: bought, eventIds };
};
