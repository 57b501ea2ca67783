/** The first page: the visitor's own list, what follows from the last look, what is popular, and all products. */

import { useEffect, useRef } from "preact/hooks";
import { isFromCatalogue, isPersonal, type List } from "../state/answers.js";
import { clicked, silence } from "../state/events.js";
import { wordsOf } from "../state/interactions.js";
import { isSoldOut, knownProduct, titleOf, type Product } from "../state/products.js";
import * as shelves from "../state/shelves.js";
import { visitor } from "../state/visitor.js";
import { addToBasket, lookAt } from "../parts/actions.js";
import { Card } from "../parts/card.js";
import { Catalogue } from "../parts/catalogue.js";
import { Row, useImpressions } from "../parts/row.js";

/** Milliseconds until a list that is not the visitor's own is asked for again: a model may be there by then. */
const NEXT_QUESTION = 15_000;

const headingOf = (list: List | undefined): string => {
  if (!list) return "For you";
  if (isFromCatalogue(list)) return "From our catalogue";
  return isPersonal(list) ? "For you" : "Popular right now";
};

const explanationOf = (list: List): string => {
  if (isFromCatalogue(list)) return "We have no suggestions yet, so here is a part of our catalogue.";
  if (silence) return `${isPersonal(list) ? "Chosen for you." : "This is what others like."} ${silence}`;
  if (isPersonal(list)) return "Chosen for you, and chosen anew after everything you do here.";
  return "We do not know you yet, so this is what others like. Look at a product, and the list becomes yours.";
};

const sentenceOf = (list: List | undefined): string => {
  if (shelves.isWaiting.value) return "Choosing anew…";
  if (!list) return "Fetching products…";
  return shelves.change.value || explanationOf(list);
};

/** The list of the visitor, with a sentence about what changed last. */
export const ForYou = () => {
  const shelf = shelves.forYou.value;
  const { list } = shelf;
  const isOwn = list && isPersonal(list);
  useEffect(() => {
    if (isOwn) return;
    const timer = setInterval(() => {
      if (!document.hidden && !shelves.isWaiting.peek()) void shelves.loadForYou();
    }, NEXT_QUESTION);
    return () => clearInterval(timer);
  }, [isOwn]);
  return (
    <Row
      heading={headingOf(list)}
      slot={shelves.FOR_YOU}
      shelf={shelf}
      retry={() => void shelves.loadForYou()}
      isWrapping
    >
      {(list || !shelf.error) && (
        <p class={shelves.change.value ? "notice change changed" : "notice change"} role="status">
          {sentenceOf(list)}
        </p>
      )}
    </Row>
  );
};

const Because = () => {
  const { cause, ...shelf } = shelves.because.value;
  const words = wordsOf(cause?.event_type);
  if (!cause || !words || !shelf.list) return null;
  const product = knownProduct(cause.item_id);
  return (
    <Row
      heading={
        <>
          Because you {words[0]} <bdi>{product ? titleOf(product) : cause.item_id}</bdi> {words[1]}
        </>
      }
      slot="because"
      shelf={shelf}
    />
  );
};

/** Not where the visitor's own list is that of the popular products. */
const Popular = () => {
  const [own, shelf] = [shelves.forYou.value.list, shelves.popular.value];
  if (!own || !isPersonal(own) || (shelf.list && isFromCatalogue(shelf.list))) return null;
  return <Row heading="Popular" slot="popular" shelf={shelf} retry={() => void shelves.loadPopular()} />;
};

const Products = ({ products }: { products: Product[] }) => {
  const root = useRef<HTMLUListElement>(null);
  const list = { entries: [], source: "", recommendation: null };
  useImpressions(root, products.length ? list : undefined, "catalogue");
  return (
    <ul role="list" class="grid" ref={root}>
      {products.map((product) => (
        <Card key={product.item_id} product={product} onOpen={() => clicked(product.item_id, null)}>
          <button type="button" class="button" onClick={() => lookAt(product, null)}>
            Look<span class="hidden"> at {titleOf(product)}</span>
          </button>
          {!isSoldOut(product) && (
            <button type="button" class="button" onClick={() => addToBasket(product)}>
              Add<span class="hidden"> {titleOf(product)} to the basket</span>
            </button>
          )}
        </Card>
      ))}
    </ul>
  );
};

export const Home = ({ category }: { category?: string | undefined }) => {
  const { userId } = visitor.value;
  return (
    <>
      <h1 tabIndex={-1} class={userId ? undefined : "hidden"}>
        {userId ? (
          <>
            Welcome back, <bdi>{userId}</bdi>
          </>
        ) : (
          "Rivulet shop"
        )}
      </h1>
      <ForYou />
      <Because />
      <Popular />
      <Catalogue heading="All products" category={category} render={(products) => <Products products={products} />} />
    </>
  );
};
