/** The basket and the purchase. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { buy, changeQuantity, lines, MOST, total, units, type Line, type Order } from "../state/basket.js";
import { priceOf, titleOf } from "../state/products.js";
import { itemAddress } from "../state/route.js";
import { react } from "../state/shelves.js";
import { addToBasket, done } from "../parts/actions.js";
import { Picture } from "../parts/picture.js";
import { ForYou } from "./home.js";

/** The order that was just made; the next visit of the basket has none. */
const order = signal<Order | undefined>(undefined);

/** Takes units of a line out; with the last one its buttons are gone, so that the focus needs another place. */
const takeOut = (line: Line, quantity: number, onGone: () => void): void => {
  const title = titleOf(line.product);
  const eventId = changeQuantity(line.product, -quantity);
  done.value = quantity < line.quantity ? `One ${title} less.` : `${title} is out of your basket.`;
  if (quantity >= line.quantity) onGone();
  if (eventId) void react([eventId], `you took ${title} out of the basket`);
};

const Quantity = ({ line, onGone }: { line: Line; onGone: () => void }) => {
  const title = titleOf(line.product);
  return (
    <div class="quantity" role="group" aria-label={`Quantity of ${title}`}>
      <button type="button" class="button" aria-label={`One ${title} less`} onClick={() => takeOut(line, 1, onGone)}>
        −
      </button>
      <span class="number">{line.quantity}</span>
      <button
        type="button"
        class="button"
        aria-label={`One more ${title}`}
        aria-disabled={line.quantity >= MOST}
        onClick={() => addToBasket(line.product)}
      >
        +
      </button>
      <button type="button" class="button quiet" onClick={() => takeOut(line, line.quantity, onGone)}>
        Remove<span class="hidden"> {title}</span>
      </button>
    </div>
  );
};

const Bought = ({ made }: { made: Order }) => (
  <div class="notice good" role="status">
    <div>
      <p>
        <strong>Thank you for your order {made.orderId}.</strong>
      </p>
      <p>This is a demonstration: nothing is charged, and nothing is delivered.</p>
      <ul>
        {made.lines.map(({ product, quantity }) => (
          <li key={product.item_id}>
            {quantity} × <bdi>{titleOf(product)}</bdi>
          </li>
        ))}
      </ul>
    </div>
  </div>
);

export const Cart = () => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => () => (order.value = undefined), []);
  const pay = (): void => {
    const made = buy();
    if (!made) return;
    order.value = made;
    heading.current?.focus();
    void react(made.eventIds, "your purchase");
  };
  return (
    <>
      <h1 tabIndex={-1} ref={heading}>
        Basket
      </h1>
      {order.value && <Bought made={order.value} />}
      {!lines.value.length && !order.value && (
        <p class="notice">
          Your basket is empty. <a href="#/">See all products</a>
        </p>
      )}
      {lines.value.length > 0 && (
        <>
          <ul role="list" class="lines">
            {lines.value.map((line) => (
              <li key={line.product.item_id} class="line-item">
                <Picture product={line.product} />
                <a href={itemAddress(line.product.item_id)} dir="auto">
                  {titleOf(line.product)}
                </a>
                <span class="number">{priceOf((line.product.price ?? 0) * line.quantity)}</span>
                <Quantity line={line} onGone={() => heading.current?.focus()} />
              </li>
            ))}
          </ul>
          <p class="sum">
            <span>
              {units} {units.value === 1 ? "product" : "products"}
            </span>
            <strong class="number">{priceOf(total.value)}</strong>
            <button type="button" class="button primary" onClick={pay}>
              Buy now
            </button>
          </p>
        </>
      )}
      <ForYou />
    </>
  );
};
