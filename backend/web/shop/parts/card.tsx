/** A product in a list. */

import type { ComponentChildren } from "preact";
import { percentOf, reasonOf, type Share } from "../state/answers.js";
import type { Movement } from "../state/movement.js";
import { isSoldOut, levelsOf, priceOf, titleOf, type Product } from "../state/products.js";
import { itemAddress } from "../state/route.js";
import { Picture } from "./picture.js";

const MARKS = { new: ["new", ""], same: ["", ""], up: ["▲", "places up"], down: ["▼", "places down"] } as const;

export const Moved = ({ movement }: { movement: Movement | undefined }) => {
  if (!movement || movement.kind === "same") return null;
  const [mark, words] = MARKS[movement.kind];
  return (
    <span class={`tag number ${movement.kind}`}>
      {"by" in movement ? (
        <>
          <span aria-hidden="true">{mark} </span>
          {movement.by}
          <span class="hidden"> {words}</span>
        </>
      ) : (
        mark
      )}
    </span>
  );
};

const Bar = ({ share, itemId }: { share: Share; itemId: string }) => (
  <li class="share">
    <span dir="auto">{reasonOf(share, itemId)}</span>
    <span class="number">{percentOf(share.weight)}</span>
    <span class="bar" aria-hidden="true">
      <span style={{ inlineSize: `${Math.min(100, Math.abs(share.weight) * 100)}%` }} />
    </span>
  </li>
);

/** Why a product is in the list: the strongest reason, which opens into all of them. */
export const Why = ({ because, itemId }: { because: readonly Share[]; itemId: string }) => {
  const [first] = because;
  if (!first) return null;
  return (
    <details class="why">
      <summary>
        <span class="hidden">Why: </span>
        <span dir="auto">{reasonOf(first, itemId)}</span>
        <span class="number">, {percentOf(first.weight)}</span>
      </summary>
      <ul role="list">
        {because.map((share) => (
          <Bar key={share.name} share={share} itemId={itemId} />
        ))}
      </ul>
    </details>
  );
};

export const Price = ({ product }: { product: Product }) => (
  <p class="price number">
    {priceOf(product.price)}
    {isSoldOut(product) && <span class="sold-out">{product.price === undefined ? "" : " · "}sold out</span>}
  </p>
);

interface Given {
  product: Product;
  movement?: Movement | undefined;
  because?: readonly Share[];
  /** Called before the page of the product opens. */
  onOpen?: () => void;
  children?: ComponentChildren;
}

export const Card = ({ product, movement, because = [], onOpen, children }: Given) => {
  const levels = levelsOf(product.category);
  return (
    <li class="card" data-item-id={product.item_id}>
      <a class="card-link" href={itemAddress(product.item_id)} onClick={onOpen}>
        <Picture product={product} />
        <h3 dir="auto">{titleOf(product)}</h3>
      </a>
      <Moved movement={movement} />
      <p class="muted small" dir="auto">
        {[product.brand, levels[1] ?? levels[0]].filter(Boolean).join(" · ")}
      </p>
      <Price product={product} />
      <Why because={because} itemId={product.item_id} />
      {children && <div class="card-actions">{children}</div>}
    </li>
  );
};

/** Cards without content, as high as those that will replace them. */
export const Skeleton = ({ count }: { count: number }) => (
  <>
    {Array.from({ length: count }, (_, place) => (
      <li key={place} class="card skeleton" aria-hidden="true">
        <span class="picture" />
        <span class="line" />
        <span class="line short" />
      </li>
    ))}
  </>
);
