/** The page of a product. */

import { useEffect, useState } from "preact/hooks";
import { isPersonal, readSimilar } from "../state/answers.js";
import { ApiError } from "../state/api.js";
import { isSoldOut, knownProduct, levelsOf, readProduct, titleOf, type Product } from "../state/products.js";
import { categoryAddress } from "../state/route.js";
import type { Shelf } from "../state/shelves.js";
import { addToBasket, visitProduct } from "../parts/actions.js";
import { Price } from "../parts/card.js";
import { Failure } from "../parts/failure.js";
import { Picture } from "../parts/picture.js";
import { Row } from "../parts/row.js";
import { ForYou } from "./home.js";

const Facts = ({ product }: { product: Product }) => {
  const properties = Object.entries(product.properties ?? {}).filter(
    ([name, value]) => name !== "picture" && value !== null && typeof value !== "object",
  );
  if (!properties.length) return null;
  return (
    <dl class="facts">
      {properties.map(([name, value]) => (
        <div key={name}>
          <dt dir="auto">{name}</dt>
          <dd dir="auto">{typeof value === "boolean" ? (value ? "yes" : "no") : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
};

const Description = ({ product }: { product: Product }) => {
  const levels = levelsOf(product.category);
  const title = titleOf(product);
  return (
    <article class="product">
      <Picture product={product} />
      <div class="product-text">
        <h1 tabIndex={-1} dir="auto">
          {title}
        </h1>
        <p class="muted">
          {product.brand && (
            <>
              by <bdi>{product.brand}</bdi>
              {levels.length > 0 && " · "}
            </>
          )}
          {levels.length > 0 && <a href={categoryAddress(product.category!)}>{levels.join(" · ")}</a>}
        </p>
        <Price product={product} />
        {product.description && <p dir="auto">{product.description}</p>}
        <Facts product={product} />
        {isSoldOut(product) ? (
          <p class="notice warn">We have none of it left at the moment.</p>
        ) : (
          <button type="button" class="button primary" onClick={() => addToBasket(product)}>
            Add to the basket<span class="hidden">: {title}</span>
          </button>
        )}
      </div>
    </article>
  );
};

const GoesWith = ({ product }: { product: Product }) => {
  const [shelf, setShelf] = useState<Shelf>({});
  const read = (): void => {
    readSimilar(product.item_id, "goes-with", product.category).then(
      (list) => {
        const others = list.entries.filter((entry) => entry.product.item_id !== product.item_id);
        setShelf({ list: { ...list, entries: others } });
      },
      (error) => setShelf({ error: error instanceof ApiError ? error : new ApiError(0, String(error)) }),
    );
  };
  useEffect(read, []);
  const { list } = shelf;
  const heading = !list || isPersonal(list) ? "Goes with this" : "More of this kind";
  return <Row heading={heading} slot="goes-with" shelf={shelf} retry={read} />;
};

export const Item = ({ itemId }: { itemId: string }) => {
  const [product, setProduct] = useState<Product | undefined>(knownProduct(itemId));
  const [error, setError] = useState<ApiError>();
  const read = (): void => {
    setError(undefined);
    readProduct(itemId).then(setProduct, (failed) =>
      setError(failed instanceof ApiError ? failed : new ApiError(0, String(failed))),
    );
  };
  useEffect(read, []);
  const isKnown = !!product;
  useEffect(() => {
    if (product) visitProduct(product);
  }, [isKnown]);
  if (!product) {
    if (!error) return <p class="muted">Fetching the product…</p>;
    // 400: no product can have this id.
    if (error.status !== 404 && error.status !== 400) return <Failure error={error} what="this product" retry={read} />;
    return (
      <>
        <h1 tabIndex={-1}>We do not have this product</h1>
        <p class="notice">
          It may have left our catalogue. <a href="#/">See all products</a>
        </p>
      </>
    );
  }
  return (
    <>
      <Description product={product} />
      <GoesWith product={product} />
      <ForYou />
    </>
  );
};
