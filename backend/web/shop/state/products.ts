/** Products as the API describes them, and those that this page has seen. */

import { signal } from "@preact/signals";
import { get, pathOf, withRetries } from "./api.js";

export interface Product {
  item_id: string;
  title?: string;
  category?: string;
  brand?: string;
  price?: number;
  availability?: string;
  picture?: string;
  description?: string;
  properties?: Record<string, unknown>;
}

export interface Query {
  search?: string | undefined;
  category?: string | undefined;
  min_price?: number | undefined;
  max_price?: number | undefined;
  num_results?: number;
  page?: string | undefined;
}

export interface ProductPage {
  products: Product[];
  next_page?: string;
}

/** By item id. */
const seen = new Map<string, Product>();
const asked = new Map<string, Promise<Product>>();

/** The categories of the products that were seen, and those that the API has listed, in their order. */
export const categories = signal<readonly string[]>([]);

const addCategories = (added: Iterable<string>): void => {
  const known = new Set([...categories.peek(), ...added]);
  if (known.size > categories.peek().length) categories.value = [...known].sort((a, b) => a.localeCompare(b));
};

export const levelsOf = (category: string | undefined): string[] =>
  (category ?? "")
    .split("|")
    .map((level) => level.trim())
    .filter(Boolean);

export const titleOf = (product: Product): string => product.title || product.item_id;

export const isSoldOut = (product: Product): boolean => product.availability === "out_of_stock";

const euros = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });

export const priceOf = (price: number | undefined): string => (price === undefined ? "" : euros.format(price));

/** Keeps what is known of products, so that a reason or a basket can name them. */
export const learn = (products: readonly Product[]): void => {
  for (const product of products) seen.set(product.item_id, { ...seen.get(product.item_id), ...product });
  addCategories(products.flatMap(({ category }) => category || []));
};

export const knownProduct = (itemId: string): Product | undefined => seen.get(itemId);

/** Reads a product once; a failure is not kept. */
export const readProduct = (itemId: string): Promise<Product> => {
  const pending = asked.get(itemId);
  if (pending) return pending;
  const reading = withRetries(() => get<Product>(pathOf("products", itemId))).then(
    (product) => {
      learn([product]);
      return product;
    },
    (error: unknown) => {
      asked.delete(itemId);
      throw error;
    },
  );
  asked.set(itemId, reading);
  return reading;
};

let listed: Promise<void> | undefined;

/** Reads all categories once; those of the products that were seen do where they cannot be read. */
export const readCategories = (): Promise<void> =>
  (listed ??= withRetries(() => get<{ categories: string[] }>("/categories")).then(
    (answer) => addCategories(answer.categories),
    () => void (listed = undefined),
  ));

/** The fewest products that a page of the catalogue shows, where there are as many. */
const SHOWN = 24;
/** A page of the API may be short although more follow, so it is asked for the next one a few times. */
const MOST_REQUESTS = 5;

export const readProducts = async (query: Query): Promise<ProductPage> => {
  const wanted = query.num_results ?? SHOWN;
  const products: Product[] = [];
  let page = query.page;
  for (let requests = 0; requests < MOST_REQUESTS; requests++) {
    const wantedNow = { ...query, num_results: wanted - products.length, page };
    const part = await withRetries(() => get<ProductPage>("/products", wantedNow));
    products.push(...part.products);
    page = part.next_page;
    if (!page || products.length >= wanted) break;
  }
  learn(products);
  return { products, ...(page && { next_page: page }) };
};
