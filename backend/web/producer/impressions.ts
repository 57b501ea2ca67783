/** Lists that were seen: half of an item's element in the viewport, for a second, on a visible page. */

import type { ListOptions, Recommendation } from "./api.js";
import { MAX_IMPRESSION_ITEMS, PLACEHOLDER, type EventFields } from "./generated/contract.js";
import { originOf } from "./origins.js";
import { GROUPED_WITHIN, LARGE, SEEN_FOR } from "./limits.js";
import { attempt, isHidden } from "./page.js";


const THRESHOLDS = [...Array(21).keys()].map((step) => step / 20);

export const itemsOf = (recommendation: Recommendation | null | undefined): string[] | undefined =>
  recommendation?.items?.map((item) => (typeof item === "string" ? item : item.item_id));

interface Seen {
  item: string;
  position: number;
}

export interface List {
  recommendation: Recommendation | null;
  slot: string | undefined;
  /** Returns the item's place in the list, from 1; 0 where it is not in it. */
  placeOf(item: string): number;
  /** Returns the items that are on screen now, in their order. */
  onScreen(): string[];
  hide(): void;
  refresh(): void;
}

export const createImpressions = (track: (fields: EventFields["Impression"], at: number) => void) => {
  /** What was seen since the page was loaded, by list and item. */
  const seen = new Set<string>();
  const lists = new Set<List>();

  const observe = (root: Element, recommendation: Recommendation | null, options: ListOptions = {}): (() => void) => {
    const { itemSelector = "[data-item-id]", idAttribute = "data-item-id", slot } = options;
    const ids = itemsOf(recommendation);
    const name = recommendation?.recommendation_id ?? slot + " " + location.href;
    const watched = new Map<Element, string>();
    const timers = new Map<Element, ReturnType<typeof setTimeout>>();
    let group: Seen[] = [];
    let groupBegan = 0;
    let groupTimer: ReturnType<typeof setTimeout> | undefined;

    const itemOf = (element: Element): string => {
      const item = element.getAttribute(idAttribute)!;
      return PLACEHOLDER.test(item) ? "" : item;
    };
    const placeOf = (item: string): number => (ids ?? elements().map(itemOf)).indexOf(item) + 1;
    const elements = (): Element[] => [...root.querySelectorAll(itemSelector)];

    const flush = (): void => {
      clearTimeout(groupTimer);
      const items = group.sort((one, other) => one.position - other.position);
      group = [];
      while (items.length) {
        const part = items.splice(0, MAX_IMPRESSION_ITEMS);
        const impression = part.map(({ item }) => item);
        track(
          { ...originOf({ ...recommendation, slot }), impression, positions: part.map(({ position }) => position) },
          groupBegan,
        );
      }
    };

    const see = (element: Element): void => {
      const item = itemOf(element);
      const key = name + " " + item;
      const position = placeOf(item);
      if (!position || seen.has(key)) return;
      seen.add(key);
      if (!group.length) {
        groupBegan = Date.now();
        groupTimer = setTimeout(flush, GROUPED_WITHIN);
      }
      group.push({ item, position });
    };

    const leave = (element: Element): void => {
      clearTimeout(timers.get(element));
      timers.delete(element);
    };

    const viewport = new IntersectionObserver(
      (changes) => {
        for (const { target, boundingClientRect: box, intersectionRatio, intersectionRect } of changes) {
          const isInView =
            intersectionRatio >= (box.width * box.height > LARGE ? 0.3 : 0.5) ||
            (box.height > innerHeight && intersectionRect.height >= innerHeight / 2);
          if (isHidden() || !isInView) leave(target);
          else if (!timers.has(target)) timers.set(target, setTimeout(see, SEEN_FOR, target));
        }
      },
      { threshold: THRESHOLDS },
    );

    const unwatch = (element: Element): void => {
      viewport.unobserve(element);
      watched.delete(element);
      leave(element);
    };

    const refresh = (): void => {
      const current = elements();
      for (const [element, item] of watched) {
        if (!current.includes(element) || itemOf(element) !== item) unwatch(element);
      }
      for (const element of current) {
        const item = itemOf(element);
        if (!item || watched.has(element)) continue;
        watched.set(element, item);
        viewport.observe(element);
      }
    };

    const hide = (): void => {
      // Observed anew by `refresh`, an element is reported at once, in whatever state it is.
      for (const element of watched.keys()) unwatch(element);
      flush();
    };

    const rendered = new MutationObserver(() => attempt(refresh));
    rendered.observe(root, { childList: true, subtree: true, attributeFilter: [idAttribute] });
    const onScreen = (): string[] => [
      ...new Set(
        elements()
          .filter((element) => timers.has(element))
          .map(itemOf),
      ),
    ];
    const list = { recommendation, slot, placeOf, onScreen, hide, refresh };
    lists.add(list);
    refresh();
    return () => {
      hide();
      rendered.disconnect();
      lists.delete(list);
    };
  };

  return {
    observe,

    /** Sends what was seen, and forgets what was not yet seen for long enough. */
    leave(): void {
      for (const list of lists) list.hide();
    },

    resume(): void {
      for (const list of lists) {
        list.hide();
        list.refresh();
      }
    },

    /** Returns the list that an item is clicked in: the recommendation's, or without one a list that shows the item. */
    listOf(item: string, recommendation: Recommendation | undefined): List | undefined {
      const id = recommendation?.recommendation_id;
      return [...lists].reverse().find((list) => {
        if (!recommendation) return list.onScreen().includes(item);
        return list.recommendation === recommendation || (id && list.recommendation?.recommendation_id === id);
      });
    },
  };
};
