/** What the visitor has done with products: what this page noticed, and what the API remembers. */

import { signal } from "@preact/signals";
import { get, pathOf } from "./api.js";

/** The words before and after the product, by the types of event that show interest, the strongest first. */
const WORDS: Record<string, readonly [string, string]> = {
  Purchase: ["bought", ""],
  AddToCart: ["put", "into the basket"],
  Like: ["liked", ""],
  Rating: ["rated", ""],
  Watch: ["watched", ""],
  View: ["looked at", ""],
  Click: ["chose", ""],
};

const TYPES = Object.keys(WORDS);

/** The strongest interaction with each product. */
const strongest = signal<ReadonlyMap<string, string>>(new Map());

export const noteInteraction = (itemId: string, type: string): void => {
  const [known, rank] = [TYPES.indexOf(strongest.peek().get(itemId) ?? ""), TYPES.indexOf(type)];
  if (rank >= 0 && (known < 0 || rank < known)) strongest.value = new Map(strongest.peek()).set(itemId, type);
};

export const forgetInteractions = (): void => {
  strongest.value = new Map();
};

/** Returns the words for a type of event that shows interest, such as `put` and `into the basket`. */
export const wordsOf = (type: string | undefined): readonly [string, string] | undefined => WORDS[type ?? ""];

/** Returns the words for the strongest interaction with a product, where one is known. */
export const wordsAbout = (itemId: string): readonly [string, string] | undefined =>
  wordsOf(strongest.value.get(itemId));

export interface Interaction {
  item_id: string;
  event_type: string;
}

/** Returns the latest interactions of a user or a session that show interest in a product, the latest first. */
export const readInteractions = async (who: string): Promise<Interaction[]> => {
  const { events } = await get<{ events: Interaction[] }>(pathOf("users", who, "history"), { num_results: 25 });
  return events.filter(({ event_type }) => event_type in WORDS);
};
