/** All products, which a visitor can search and limit to a category or a price. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../state/api.js";
import { searched } from "../state/events.js";
import { categories, levelsOf, readCategories, readProducts, type Product, type Query } from "../state/products.js";
import { Skeleton } from "./card.js";
import { Failure } from "./failure.js";

interface Found {
  products: Product[];
  next?: string | undefined;
  error?: ApiError;
  isLoading: boolean;
}

const NONE: Found = { products: [], isLoading: true };

/** How many words the API searches for. */
const MOST_WORDS = 10;

const PRICE = /^\d{1,9}(?:[.,]\d{1,2})?$/;

/** Returns a price; undefined without one, and NaN where the text is none. */
const priceOf = (text: string): number | undefined => {
  if (!text) return undefined;
  return PRICE.test(text) ? Number(text.replace(",", ".")) : NaN;
};

/** Returns what a form asks for, and what the visitor should know of it; without a query nothing can be searched. */
const readForm = (form: HTMLFormElement): { query?: Query; note: string } => {
  const data = new FormData(form);
  const text = (name: string): string => String(data.get(name) ?? "").trim();
  const [least, most] = [priceOf(text("min_price")), priceOf(text("max_price"))];
  if (Number.isNaN(least) || Number.isNaN(most)) {
    return { note: "Write a price in digits, with two decimals at most, such as 1250 or 12.50." };
  }
  const words = text("search").split(/\s+/);
  const isReversed = least !== undefined && most !== undefined && least > most;
  return {
    query: {
      search: words.slice(0, MOST_WORDS).join(" ") || undefined,
      category: text("category") || undefined,
      min_price: isReversed ? most : least,
      max_price: isReversed ? least : most,
    },
    note: words.length > MOST_WORDS ? "We look for the first ten words only." : "",
  };
};

const Categories = ({ chosen }: { chosen: string | undefined }) => {
  const all = chosen && !categories.value.includes(chosen) ? [...categories.value, chosen] : categories.value;
  const groups = new Map<string, string[]>();
  for (const category of all) {
    const group = levelsOf(category)[0] ?? category;
    groups.set(group, [...(groups.get(group) ?? []), category]);
  }
  return (
    <>
      <option value="">All categories</option>
      {[...groups].map(([group, members]) => (
        <optgroup key={group} label={group}>
          {members.map((category) => (
            <option key={category} value={category} selected={category === chosen}>
              {levelsOf(category).slice(1).join(" · ") || category}
            </option>
          ))}
        </optgroup>
      ))}
    </>
  );
};

interface Given {
  heading: string;
  /** The category that the address names. */
  category?: string | undefined;
  render: (products: Product[]) => ComponentChildren;
}

export const Catalogue = ({ heading, category, render }: Given) => {
  const [query, setQuery] = useState<Query>({ category });
  const [found, setFound] = useState<Found>(NONE);
  const [note, setNote] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const asked = useRef(0);
  const section = useRef<HTMLElement>(null);
  const more = useRef<HTMLButtonElement>(null);
  /** The place of the product that gets the focus of the button for more, which goes with the last ones. */
  const focused = useRef<number | undefined>(undefined);
  const id = useId();

  const read = async (wanted: Query, before: Product[]): Promise<void> => {
    const mine = ++asked.current;
    setFound((now) => ({ products: before, next: now.next, isLoading: true }));
    try {
      const { products, next_page } = await readProducts(wanted);
      if (mine !== asked.current) return;
      if (!next_page && document.activeElement === more.current) focused.current = before.length;
      setFound({ products: [...before, ...products], next: next_page, isLoading: false });
      if (wanted.search && !wanted.page) searched(wanted.search, products.length);
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(0, String(error));
      if (mine === asked.current) setFound({ products: before, next: wanted.page, error: failure, isLoading: false });
    }
  };

  useEffect(() => setQuery({ category }), [category]);
  useEffect(() => void read(query, []), [query]);
  useEffect(() => {
    if (focused.current === undefined) return;
    const card = section.current!.querySelectorAll(".grid > li")[focused.current];
    (card ?? section.current!).querySelector<HTMLElement>("a, input, h2")?.focus();
    focused.current = undefined;
  }, [found]);

  const { products, next, error, isLoading } = found;
  const change = (event: Event): void => {
    event.preventDefault();
    const read = readForm(form.current!);
    setNote(read.note);
    if (read.query) setQuery(read.query);
  };
  const clear = (): void => {
    setNote("");
    setQuery({});
  };
  return (
    <section class="row" aria-labelledby={id} ref={section}>
      <h2 id={id} tabIndex={-1}>
        {heading}
      </h2>
      <form class="search" role="search" ref={form} onSubmit={change} onReset={clear}>
        <label class="field wide">
          Search
          <input type="search" name="search" maxLength={256} autocomplete="off" />
        </label>
        <label class="field wide">
          Category
          <select name="category" onChange={change} onFocus={() => void readCategories()}>
            <Categories chosen={query.category} />
          </select>
        </label>
        <label class="field">
          From €
          <input type="text" inputMode="decimal" name="min_price" maxLength={12} autocomplete="off" />
        </label>
        <label class="field">
          To €
          <input type="text" inputMode="decimal" name="max_price" maxLength={12} autocomplete="off" />
        </label>
        <button class="button primary">Search</button>
        <button type="reset" class="button quiet">
          Clear
        </button>
      </form>
      {note && (
        <p class="notice warn" role="alert">
          {note}
        </p>
      )}
      <p class="muted" role="status">
        {isLoading ? "Looking for products…" : !error && `${products.length}${next ? " or more" : ""} products`}
      </p>
      {error && (
        <Failure error={error} what="the products" retry={() => void read({ ...query, page: next }, products)} />
      )}
      {isLoading && !products.length ? (
        <ul role="list" class="grid">
          <Skeleton count={12} />
        </ul>
      ) : (
        render(products)
      )}
      {!isLoading && !error && !products.length && (
        <p class="notice">Nothing fits. Try another word, or clear the search.</p>
      )}
      {next && !error && (
        <button
          type="button"
          class="button more"
          ref={more}
          aria-disabled={isLoading}
          onClick={() => !isLoading && void read({ ...query, page: next }, products)}
        >
          Show more products
        </button>
      )}
    </section>
  );
};
