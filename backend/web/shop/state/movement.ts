/** How a list differs from the one before it. */

export type Movement = { kind: "new" | "same" } | { kind: "up" | "down"; by: number };

/** Returns the movement of each item of a list that replaces another. */
export const compare = (before: readonly string[], after: readonly string[]): Map<string, Movement> => {
  const places = new Map(before.map((item, place) => [item, place]));
  return new Map(
    after.map((item, place): [string, Movement] => {
      const former = places.get(item);
      if (former === undefined) return [item, { kind: "new" }];
      if (former === place) return [item, { kind: "same" }];
      return [item, { kind: former > place ? "up" : "down", by: Math.abs(former - place) }];
    }),
  );
};

export const isSameList = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item, place) => item === other[place]);

const PARTS = [
  ["new", "new"],
  ["up", "moved up"],
  ["down", "moved down"],
] as const;

/** Returns what moved, such as `2 new, 3 moved up`. */
export const summaryOf = (moved: ReadonlyMap<string, Movement>): string => {
  const kinds = [...moved.values()].map(({ kind }) => kind);
  const counted = PARTS.map(([kind, words]) => [kinds.filter((each) => each === kind).length, words] as const);
  return (
    counted
      .filter(([count]) => count)
      .map(([count, words]) => `${count} ${words}`)
      .join(", ") || "some products left the list"
  );
};

/** Returns a duration in words, such as `296 ms` or `1.4 s`. */
export const durationOf = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
