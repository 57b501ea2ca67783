/** The list that each item was last clicked in, which its AddToCart and Purchase carry. */

import type { Event } from "./generated/contract.js";
import { MOST_ORIGINS, ORIGIN_LIFE } from "./limits.js";
import { PREFIX, readJson, writeJson } from "./page.js";

const NAME = PREFIX + "origins";

const FIELDS = ["recommendation_id", "position", "slot", "model", "source", "variation"] as const;

/** The fields of an event that name a list, and the item's place in it. */
export type Origin = Partial<Pick<Event, (typeof FIELDS)[number]>>;

/** Returns those fields of an event or an answer that have a value; JSON leaves out the others. */
export const originOf = (named: object): Origin =>
  Object.fromEntries(FIELDS.map((field) => [field, (named as Origin)[field] || undefined]));

export const createOrigins = (storage: () => Storage | undefined) => {
  let rows: [item: string, at: number, origin: Origin][] = [];

  const load = (): typeof rows => {
    const stored = readJson(storage(), NAME);
    const oldest = Date.now() - ORIGIN_LIFE;
    return (Array.isArray(stored) ? stored : rows).filter((row) => row?.[1] > oldest);
  };

  return {
    recall: (item: string): Origin => load().find(([other]) => other === item)?.[2] ?? {},

    remember(item: string, origin: Origin): void {
      rows = [
        [item, Date.now(), origin],
        ...load()
          .filter(([other]) => other !== item)
          .slice(0, MOST_ORIGINS - 1),
      ] as typeof rows;
      writeJson(storage(), NAME, rows);
    },

    clear: (): void => {
      rows = [];
      writeJson(storage(), NAME, rows);
    },
  };
};
