/** Lists of products as the API answers them, and why each product is in them. */

import type { Recommendation } from "../../producer/api.js";
import { ApiError, get, pathOf } from "./api.js";
import { wordsAbout } from "./interactions.js";
import { knownProduct, learn, readProduct, readProducts, titleOf, type Product } from "./products.js";

export interface Share {
  name: string;
  weight: number;
}

interface ListedItem {
  item_id: string;
  promoted?: boolean;
  because?: Share[];
  details?: Omit<Product, "item_id">;
}

export interface Answer extends Recommendation {
  items: ListedItem[];
  source: string;
  recommendation_id: string | null;
}

export interface Entry {
  product: Product;
  isPromoted: boolean;
  because: Share[];
}

/** `recommendation` is null for products of the catalogue, which are no recommendation. */
export interface List {
  entries: Entry[];
  source: string;
  recommendation: Answer | null;
}

/** How many products a row has. */
export const ROW = 12;

const CATALOGUE = "catalogue";

const LISTED = { num_results: ROW, details: true };

/** Returns a list as it is shown; titles that the answer lacks are those that the page has seen. */
export const listOf = (answer: Answer): List => {
  const entries = answer.items.map(({ item_id, details, because = [], promoted = false }) => ({
    product: { ...knownProduct(item_id), ...details, item_id },
    isPromoted: promoted,
    because,
  }));
  learn(entries.map(({ product }) => product));
  return { entries, source: answer.source, recommendation: answer };
};

const listOfProducts = (products: readonly Product[]): List => ({
  entries: products.map((product) => ({ product, isPromoted: false, because: [] })),
  source: CATALOGUE,
  recommendation: null,
});

export const idsOf = (list: List | undefined): string[] => list?.entries.map(({ product }) => product.item_id) ?? [];

/** Whether a list is the visitor's own, not one for everybody. */
export const isPersonal = (list: List): boolean => list.source !== "popular" && list.source !== CATALOGUE;

export const isFromCatalogue = (list: List): boolean => list.source === CATALOGUE;

/** Returns products of the catalogue where there is no recommendation yet; a shop that is unreachable has neither. */
const orCatalogue = async (reading: Promise<Answer>, category?: string): Promise<List> => {
  try {
    return listOf(await reading);
  } catch (error) {
    const isNotYet = error instanceof ApiError && (error.status === 404 || error.status === 503);
    if (!isNotYet) throw error;
    return listOfProducts((await readProducts({ num_results: ROW, category })).products);
  }
};

export const readPopular = (slot: string): Promise<List> =>
  orCatalogue(get<Answer>("/popular", { ...LISTED, slot })).then((list) => ({
    ...list,
    source: list.recommendation ? "popular" : list.source,
  }));

/** Returns the list of a user or a session; of a visitor without either, or without a list, that for everybody. */
export const readForYou = async (subject: string | undefined, slot: string): Promise<List> => {
  if (!subject) return readPopular(slot);
  const query = { ...LISTED, explain: true, fallback: "popular", slot };
  const list = await orCatalogue(get<Answer>(pathOf("recommendations", subject), query));
  await nameReasons(list);
  return list;
};

export const readSimilar = (itemId: string, slot: string, category?: string): Promise<List> =>
  orCatalogue(get<Answer>(pathOf("similar-items", itemId), { ...LISTED, slot }), category);

const CAUSE = /^(?:item|content):(.*)$/s;

/** Reads the products that the strongest reasons name and the page has not seen. */
const nameReasons = async (list: List): Promise<void> => {
  const causes = list.entries.map(({ because: [first] }) => CAUSE.exec(first?.name ?? "")?.[1]);
  const unseen = [...new Set(causes)].filter((item): item is string => !!item && !knownProduct(item));
  await Promise.allSettled(unseen.map(readProduct));
};

const WORDS: Record<string, string> = {
  popularity: "Popular with others",
  recent: "Popular lately",
  trend: "In demand right now",
  exploration: "New in the shop",
  itself: "The same product",
  context: "Suits this device or time",
  person: "Liked by customers like you",
  objective: "A good offer",
};

/** Returns a reason in the words of a shop. */
export const reasonOf = ({ name }: Share, itemId: string): string => {
  const [, cause] = CAUSE.exec(name) ?? [];
  if (cause) {
    const product = knownProduct(cause);
    const title = product ? titleOf(product) : "another product";
    if (name.startsWith("content:") && cause !== itemId) return `Similar to ${title}`;
    const words = wordsAbout(cause);
    if (cause === itemId) return words ? `You ${words[0]} it ${words[1]} before`.replace("  ", " ") : "You know it";
    return words ? `You ${words[0]} ${title} ${words[1]}`.trimEnd() : `Because of ${title}`;
  }
  return WORDS[name.split(":")[0]!] ?? "Everything else";
};

export const percentOf = (weight: number): string => `${Math.round(weight * 100)} %`;
