/** Cards that slide from their former to their new place, and a focus that stays. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const MOVEMENT = { duration: 420, easing: "cubic-bezier(0.2, 0, 0, 1)" };

interface Place {
  x: number;
  y: number;
}

const isStill = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

const cardsOf = (list: HTMLElement | null): HTMLElement[] => [
  ...(list?.querySelectorAll<HTMLElement>(":scope > [data-item-id]") ?? []),
];

/** Returns the function that gives the focus back after the cards have moved: to its control, or to that at its place. */
const keepFocus = (list: HTMLElement | null): (() => void) => {
  const focused = document.activeElement;
  const cards = cardsOf(list);
  const place = cards.findIndex((card) => card.contains(focused));
  if (place < 0 || !(focused instanceof HTMLElement)) return () => {};
  const alike = (card: HTMLElement | undefined): Element[] => [...(card?.querySelectorAll(focused.localName) ?? [])];
  const control = alike(cards[place]).indexOf(focused);
  return () => {
    if (focused === document.activeElement) return;
    const next = focused.isConnected ? focused : (alike(cardsOf(list)[place])[control] as HTMLElement | undefined);
    next?.focus({ preventScroll: true });
  };
};

/** Moves the children of a list, each with `data-item-id`, whenever the order of their ids changes. */
export const useSlide = (list: RefObject<HTMLElement | null>, order: string): void => {
  const places = useRef(new Map<string, Place>());
  // Before the nodes move, since a node that moves loses the focus.
  const giveFocusBack = keepFocus(list.current);

  useLayoutEffect(() => {
    const before = places.current;
    const after = new Map<string, Place>();
    for (const card of cardsOf(list.current)) {
      const id = card.dataset["itemId"]!;
      const place = { x: card.offsetLeft, y: card.offsetTop };
      after.set(id, place);
      if (!before.size || isStill()) continue;
      const former = before.get(id);
      if (!former) card.animate([{ opacity: 0, transform: "scale(0.9)" }, {}], MOVEMENT);
      else if (former.x !== place.x || former.y !== place.y) {
        card.animate([{ transform: `translate(${former.x - place.x}px, ${former.y - place.y}px)` }, {}], MOVEMENT);
      }
    }
    places.current = after;
    giveFocusBack();
  }, [order]);
};
