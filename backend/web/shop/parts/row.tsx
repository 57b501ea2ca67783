/** A row of products that can change: cards slide, and what was seen is sent. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { idsOf, ROW, type Entry, type List } from "../state/answers.js";
import { clicked, observe } from "../state/events.js";
import type { Shelf } from "../state/shelves.js";
import { addToBasket, lookAt } from "./actions.js";
import { Card, Skeleton } from "./card.js";
import { Failure } from "./failure.js";
import { isSoldOut, titleOf } from "../state/products.js";
import { useSlide } from "./slide.js";

interface Given {
  heading: ComponentChildren;
  slot: string;
  shelf: Shelf;
  /** What stands under the heading. */
  children?: ComponentChildren;
  retry?: () => void;
  isWrapping?: boolean;
}

/** Sends an impression of each product that is seen in a list. */
export const useImpressions = (list: { current: HTMLElement | null }, shown: List | undefined, slot: string): void => {
  const recommendation = shown?.recommendation ?? null;
  useEffect(() => {
    if (list.current && shown) return observe(list.current, recommendation, slot);
  }, [recommendation ?? (shown ? "catalogue" : undefined), slot]);
};

const Actions = ({ entry, list }: { entry: Entry; list: List }) => {
  const { product } = entry;
  const title = titleOf(product);
  return (
    <>
      <button type="button" class="button" onClick={() => lookAt(product, list.recommendation)}>
        Look<span class="hidden"> at {title}</span>
      </button>
      {!isSoldOut(product) && (
        <button type="button" class="button" onClick={() => addToBasket(product)}>
          Add<span class="hidden"> {title} to the basket</span>
        </button>
      )}
    </>
  );
};

export const Row = ({ heading, slot, shelf, children, retry, isWrapping = false }: Given) => {
  const { list, moved, error } = shelf;
  const id = useId();
  const root = useRef<HTMLUListElement>(null);
  useSlide(root, JSON.stringify(idsOf(list)));
  useImpressions(root, list, slot);
  return (
    <section class="row" aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      {children}
      {error && <Failure error={error} what="this list" retry={retry} />}
      {list && !list.entries.length && <p class="muted">There is nothing here yet.</p>}
      {(list || !error) && (
        <ul role="list" ref={root} class={isWrapping ? "shelf wrapping" : "shelf"} aria-busy={!list}>
          {!list && <Skeleton count={ROW} />}
          {list?.entries.map((entry) => (
            <Card
              key={entry.product.item_id}
              product={entry.product}
              movement={moved?.get(entry.product.item_id)}
              because={entry.because}
              onOpen={() => clicked(entry.product.item_id, list.recommendation)}
            >
              <Actions entry={entry} list={list} />
            </Card>
          ))}
        </ul>
      )}
    </section>
  );
};
