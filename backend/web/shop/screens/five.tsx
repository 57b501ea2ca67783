/** Suggestions for somebody the shop has never seen: from five products, from a few facts, or from both. */

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { listOf, ROW, type Answer } from "../state/answers.js";
import { ApiError, post } from "../state/api.js";
import { categories, levelsOf, readCategories, titleOf, type Product } from "../state/products.js";
import type { Shelf } from "../state/shelves.js";
import { Picture } from "../parts/picture.js";
import { Catalogue } from "../parts/catalogue.js";
import { Row } from "../parts/row.js";

const FIVE = 5;
/** Interests that the API takes; it takes none with these characters, since a filter could not quote it. */
const MOST_INTERESTS = 25;
const UNQUOTABLE = /["\\]/;

const AGE_GROUPS = ["18-24", "25-34", "35-44", "45-54", "55-64", "65+"];

/** Where the shop delivers: country, region and city. */
const PLACES = [
  ["AT", "Tyrol", "Innsbruck"],
  ["FR", "Auvergne-Rhône-Alpes", "Lyon"],
  ["IT", "Lombardy", "Milan"],
  ["DE", "Bavaria", "Munich"],
  ["SE", "Småland", "Växjö"],
  ["DK", "Southern Denmark", "Billund"],
  ["IE", "Leinster", "Dublin"],
  ["PT", "Algarve", "Faro"],
] as const;

const SOURCES: Record<string, string> = {
  chosen: "These go with your five products.",
  facts: "Customers like you like these.",
  chosen_and_facts: "These go with your five products, and customers like you like them.",
};

interface Facts {
  age_group?: string;
  interests?: string[];
  country?: string;
  region?: string;
  city?: string;
}

/** They stay chosen while the visitor looks at other pages. */
const chosen = signal<readonly Product[]>([]);
const refusal = signal("");

/** What the visitor has filled in; the place is one of `PLACES` by its number. */
interface About {
  age: string;
  place: string;
  interests: readonly string[];
}

/** It stays, too. */
const about = signal<About>({ age: "", place: "", interests: [] });

const isChosen = (product: Product): boolean => chosen.value.some(({ item_id }) => item_id === product.item_id);

const choose = (product: Product, box: HTMLInputElement): void => {
  const others = chosen.peek().filter(({ item_id }) => item_id !== product.item_id);
  if (!box.checked) {
    chosen.value = others;
    refusal.value = "";
  } else if (others.length < FIVE) {
    chosen.value = [...others, product];
    refusal.value = "";
  } else {
    box.checked = false;
    refusal.value = `You have chosen five products. Take one out before you choose ${titleOf(product)}.`;
  }
};

const Choices = ({ products }: { products: Product[] }) => (
  <ul role="list" class="grid compact">
    {products.map((product) => (
      <li key={product.item_id} class="card">
        <label class="pick">
          <Picture product={product} />
          <span class="choice">
            <input
              type="checkbox"
              checked={isChosen(product)}
              onChange={(event) => choose(product, event.currentTarget)}
            />
            <span dir="auto">{titleOf(product)}</span>
          </span>
        </label>
      </li>
    ))}
  </ul>
);

const readAbout = (form: HTMLFormElement): About => {
  const data = new FormData(form);
  return {
    age: String(data.get("age_group") ?? ""),
    place: String(data.get("place") ?? ""),
    interests: data.getAll("interests").map(String),
  };
};

const factsOf = ({ age, place, interests }: About): Facts | undefined => {
  const [country, region, city] = PLACES[Number(place || -1)] ?? [];
  const facts: Facts = {
    ...(age && { age_group: age }),
    ...(interests.length && { interests: [...interests] }),
    ...(country && { country, region: region!, city: city! }),
  };
  return Object.keys(facts).length ? facts : undefined;
};

const FactsFields = () => {
  const { age, place: home, interests: likes } = about.value;
  const interests = [...new Set(categories.value.map((category) => levelsOf(category)[1] ?? levelsOf(category)[0]))];
  return (
    <div class="fields">
      <label class="field">
        Age
        <select name="age_group">
          <option value="">I would rather not say</option>
          {AGE_GROUPS.map((group) => (
            <option key={group} selected={group === age}>
              {group}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        Where do you live?
        <select name="place">
          <option value="">I would rather not say</option>
          {PLACES.map(([country, region, city], place) => (
            <option key={city} value={place} selected={String(place) === home}>
              {city}, {region} ({country})
            </option>
          ))}
        </select>
      </label>
      <fieldset class="interests">
        <legend>What are you interested in?</legend>
        {interests.filter((interest) => interest && !UNQUOTABLE.test(interest)).map((interest) => (
          <label key={interest} class="choice">
            <input
              type="checkbox"
              name="interests"
              value={interest}
              checked={likes.includes(interest!)}
              disabled={likes.length >= MOST_INTERESTS && !likes.includes(interest!)}
            />
            <span dir="auto">{interest}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
};

export const Five = () => {
  const [shelf, setShelf] = useState<Shelf>();
  const [problem, setProblem] = useState("");
  const results = useRef<HTMLDivElement>(null);
  const choice = useRef<HTMLHeadingElement>(null);
  /** The question without an answer yet. */
  const asked = useRef("");
  const count = chosen.value.length;

  const suggest = async (): Promise<void> => {
    const facts = factsOf(about.peek());
    const items = chosen.peek().map(({ item_id }) => item_id);
    if (items.length % FIVE) return setProblem(`Choose ${FIVE - items.length} more, or clear your choice.`);
    if (!items.length && !facts) return setProblem("Choose five products, or say something about yourself.");
    setProblem("");
    const body = { ...(items.length && { items }), ...(facts && { facts }), num_results: ROW, details: true, slot: "five" };
    const question = JSON.stringify(body);
    if (question === asked.current) return;
    asked.current = question;
    setShelf({});
    const answer = await post<Answer>("/recommendations", body).then(
      (answered): Shelf => ({ list: listOf(answered) }),
      (error): Shelf => ({ error: error instanceof ApiError ? error : new ApiError(0, String(error)) }),
    );
    if (question !== asked.current) return;
    asked.current = "";
    setShelf(answer);
  };
  const takeOut = (product: Product): void => {
    chosen.value = chosen.peek().filter((each) => each !== product);
    choice.current?.focus();
  };
  useEffect(() => void readCategories(), []);
  useEffect(() => {
    if (shelf?.list) results.current?.scrollIntoView({ block: "start" });
  }, [shelf?.list]);

  const source = shelf?.list?.source;
  return (
    <>
      <h1 tabIndex={-1}>Suggestions without a visit</h1>
      <p>
        Choose exactly five products that you like, say something about yourself, or both. Nothing of it is kept.
      </p>
      <form
        class="about"
        onChange={(event) => (about.value = readAbout(event.currentTarget))}
        onSubmit={(event) => (event.preventDefault(), void suggest())}
      >
        <h2>About you</h2>
        <FactsFields />
      </form>
      <div class="chosen">
        <h2 tabIndex={-1} ref={choice}>
          <span class="number">{count} of 5</span> products chosen
        </h2>
        <ul role="list">
          {chosen.value.map((product) => (
            <li key={product.item_id}>
              <button type="button" class="button" onClick={() => takeOut(product)}>
                <span class="hidden">Take out </span>
                <bdi>{titleOf(product)}</bdi>
                <span aria-hidden="true">×</span>
              </button>
            </li>
          ))}
        </ul>
        <p role="status" class={refusal.value ? "notice warn" : undefined}>
          {refusal.value}
        </p>
        {problem && (
          <p role="alert" class="notice warn">
            {problem}
          </p>
        )}
        <div class="actions">
          <button type="button" class="button primary" onClick={() => void suggest()}>
            Show suggestions
          </button>
          <button type="button" class="button quiet" onClick={() => ((chosen.value = []), (refusal.value = ""))}>
            Clear the choice
          </button>
        </div>
      </div>
      <div ref={results} class="suggestions">
        {shelf && (
          <Row heading="Suggestions" slot="five" shelf={shelf} retry={() => void suggest()} isWrapping>
            <p role="status" class={source && !SOURCES[source] ? "notice" : "muted"}>
              {source
                ? (SOURCES[source] ?? "We have no suggestions for this yet, so here is what others like.")
                : !shelf.error && "Choosing…"}
            </p>
          </Row>
        )}
      </div>
      <Catalogue heading="Choose from all products" render={(products) => <Choices products={products} />} />
    </>
  );
};
