/** The drawer at the foot: each thing that the shop noticed, whether it arrived, and what it changed. */

import { counts, isSilent, sentEvents, type SentEvent } from "../state/events.js";
import { knownProduct, titleOf } from "../state/products.js";

const WORDS: Record<string, string> = {
  View: "You looked at",
  Click: "You chose",
  AddToCart: "You put into the basket",
  RemoveFromCart: "You took out of the basket",
  Purchase: "You bought",
};

const VERDICTS = { waiting: "on its way", accepted: "received", refused: "refused", dropped: "left out" };

const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const sentenceOf = ({ event_type, item_id, impression, properties }: SentEvent["event"]): string => {
  if (event_type === "Impression") return `You saw ${impression?.length} products`;
  if (event_type === "Search") return `You searched for “${properties?.["words"]}”`;
  const product = item_id && knownProduct(item_id);
  return `${WORDS[event_type] ?? event_type} ${product ? titleOf(product) : item_id}`;
};

const Noticed = ({ sent }: { sent: SentEvent }) => (
  <li class="noticed">
    <time class="number muted" dateTime={sent.event.timestamp}>
      {time.format(Date.parse(sent.event.timestamp))}
    </time>
    <span dir="auto">{sentenceOf(sent.event)}</span>
    <span class={`verdict ${sent.verdict}`}>
      {VERDICTS[sent.verdict]}
      {sent.why && `: ${sent.why}`}
    </span>
    {sent.effect && <span class="effect">{sent.effect}</span>}
    <details>
      <summary>As it was sent</summary>
      <pre tabIndex={0}>{JSON.stringify(sent.event, null, 2)}</pre>
    </details>
  </li>
);

export const Drawer = () => {
  const { sent, accepted, refused } = counts.value;
  return (
    <aside class="drawer" aria-label="What just happened">
      <details>
        <summary>
          What just happened
          <span class="muted number">
            {" "}
            · {sent} sent · {accepted} received{refused > 0 && ` · ${refused} refused`}
          </span>
        </summary>
        <div class="drawer-content" tabIndex={0} role="group" aria-label="All that was sent">
          {isSilent.value && <p>Your browser asks shops not to follow you, so nothing is sent.</p>}
          {!sent && !isSilent.value && <p class="muted">Nothing yet: look at a product.</p>}
          <ol role="list">
            {sentEvents.value.map((each) => (
              <Noticed key={each.event.event_id} sent={each} />
            ))}
          </ol>
        </div>
      </details>
    </aside>
  );
};
