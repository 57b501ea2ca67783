/** The frame of all pages of the shop. */

import { useEffect, useRef } from "preact/hooks";
import { done } from "./parts/actions.js";
import { Drawer } from "./parts/drawer.js";
import { Theme } from "./parts/theme.js";
import { Visitors } from "./parts/visitors.js";
import { Cart } from "./screens/cart.js";
import { Five } from "./screens/five.js";
import { Home } from "./screens/home.js";
import { Item } from "./screens/item.js";
import { total, units } from "./state/basket.js";
import { knownProduct, priceOf, titleOf } from "./state/products.js";
import { route, type Route } from "./state/route.js";

const TITLES = { home: "Products", cart: "Basket", five: "Suggestions", unknown: "Not found" };

const titleOfPage = (shown: Route): string => {
  if (shown.name !== "item") return TITLES[shown.name];
  const product = knownProduct(shown.itemId);
  return product ? titleOf(product) : "Product";
};

const Screen = ({ shown }: { shown: Route }) => {
  if (shown.name === "home") return <Home category={shown.category} />;
  if (shown.name === "item") return <Item key={shown.itemId} itemId={shown.itemId} />;
  if (shown.name === "cart") return <Cart />;
  if (shown.name === "five") return <Five />;
  return (
    <>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p class="notice">
        <a href="#/">See all products</a>
      </p>
    </>
  );
};

const Link = ({ to, name, children }: { to: string; name: Route["name"]; children: preact.ComponentChildren }) => (
  <a href={to} aria-current={route.value.name === name ? "page" : undefined}>
    {children}
  </a>
);

const Header = () => (
  <header class="header">
    <a class="brand" href="#/">
      Rivulet shop
    </a>
    <nav aria-label="Pages">
      <Link to="#/" name="home">
        Products
      </Link>
      <Link to="#/five" name="five">
        Suggestions
      </Link>
      <Link to="#/cart" name="cart">
        Basket
        {units.value > 0 && (
          <span class="number">
            {" "}
            <span class="hidden">with </span>
            {units}
            <span class="hidden"> products</span> · {priceOf(total.value)}
          </span>
        )}
      </Link>
    </nav>
    <Visitors />
  </header>
);

export const App = () => {
  const main = useRef<HTMLElement>(null);
  const shown = route.value;
  const isFirst = useRef(true);
  const address = JSON.stringify(shown);
  useEffect(() => {
    document.title = `${titleOfPage(shown)} · Rivulet shop`;
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [address]);
  return (
    <>
      <a class="button skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1}>
        <p class="hidden" role="status">
          {done}
        </p>
        <Screen shown={shown} />
      </main>
      <footer class="footer">
        <p class="muted small">
          A demonstration: the products do not exist, and nothing is sold. <a href="reference.html">For developers</a>
        </p>
        <Theme />
      </footer>
      <Drawer />
    </>
  );
};
