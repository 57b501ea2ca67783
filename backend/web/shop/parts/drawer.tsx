/** The drawer at the foot: each thing that the shop noticed, whether it arrived, and what it changed. */

import { counts, sentEvents, silence, type SentEvent, type Verdict } from "../state/events.js";
import { wordsOf } from "../state/interactions.js";
import { knownProduct, titleOf } from "../state/products.js";

const TAKEN_OUT = ["took", "out of the basket"] as const;

/** A thing that the visitor did: an event, or a click and the look that followed it, the latest event first. */
type Action = readonly [SentEvent, ...SentEvent[]];

const VERDICTS = { waiting: "on its way", accepted: "received", refused: "refused", dropped: "left out" };

const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const sentenceOf = ({ event_type, item_id, impression, properties }: SentEvent["event"]): string => {
  if (event_type === "Impression") return `You saw ${impression?.length} product${impression?.length === 1 ? "" : "s"}`;
  if (event_type === "Search") return `You searched for “${properties?.["query"]}”`;
  const product = item_id && knownProduct(item_id);
  const [before, after] = wordsOf(event_type) ?? TAKEN_OUT;
  return `You ${before} ${product ? titleOf(product) : item_id} ${after}`.trimEnd();
};

/** Returns the events by what the visitor did: a look in a list is a click and a view. */
const actionsOf = (events: readonly SentEvent[]): Action[] => {
  const actions: [SentEvent, ...SentEvent[]][] = [];
  /** The views without a click so far, by product. */
  const views = new Map<string | undefined, SentEvent[]>();
  for (const sent of events) {
    const { event_type, item_id } = sent.event;
    if (event_type === "Click" && views.get(item_id)?.push(sent)) views.delete(item_id);
    else {
      const action: [SentEvent] = [sent];
      actions.push(action);
      if (event_type === "View") views.set(item_id, action);
    }
  }
  return actions;
};

/** Of an action's verdicts the first of these is shown. */
const RANKED: readonly Verdict[] = ["refused", "dropped", "waiting", "accepted"];

const Noticed = ({ action }: { action: Action }) => {
  const [{ event }] = action;
  const { verdict, why } = action.reduce((one, other) =>
    RANKED.indexOf(other.verdict) < RANKED.indexOf(one.verdict) ? other : one,
  );
  const effect = action.find((sent) => sent.effect)?.effect;
  return (
    <li class="noticed">
      <time class="number muted" dateTime={event.timestamp}>
        {time.format(Date.parse(event.timestamp))}
      </time>
      <span dir="auto">{sentenceOf(event)}</span>
      <span class={`verdict ${verdict}`}>
        {VERDICTS[verdict]}
        {why && `: ${why}`}
      </span>
      {effect && <span class="effect">{effect}</span>}
      <details>
        <summary>As it was sent{action.length > 1 && `, in ${action.length} events`}</summary>
        <pre tabIndex={0}>{action.map((sent) => JSON.stringify(sent.event, null, 2)).join("\n")}</pre>
      </details>
    </li>
  );
};

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
          {silence && <p>{silence}</p>}
          {!sent && !silence && <p class="muted">Nothing yet: look at a product.</p>}
          <ol role="list">
            {actionsOf(sentEvents.value).map((action) => (
              <Noticed key={action[action.length - 1]!.event.event_id} action={action} />
            ))}
          </ol>
        </div>
      </details>
    </aside>
  );
};
