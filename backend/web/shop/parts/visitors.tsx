/** The chooser of visitors: a new one, a user of the demonstration, and the log-in. */

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { silence, startAnew } from "../state/events.js";
import { readInteractions } from "../state/interactions.js";
import { levelsOf, readProduct } from "../state/products.js";
import { changeVisitor } from "../state/shelves.js";
import { visitor } from "../state/visitor.js";

/** The users whom a visitor of the demonstration can be. */
export const demonstrationUsers = signal<readonly string[]>([]);

/** How many of a user's latest products show the taste. */
const TASTE = 3;

/** Returns the categories of the products that a user was last interested in. */
const readTaste = async (userId: string): Promise<string> => {
  const interactions = await readInteractions(userId);
  const itemIds = [...new Set(interactions.map(({ item_id }) => item_id))].slice(0, TASTE);
  const products = await Promise.all(itemIds.map((itemId) => readProduct(itemId).catch(() => undefined)));
  const levels = products.map((product) => levelsOf(product?.category)).map((all) => all[1] ?? all[0]);
  return [...new Set(levels.filter(Boolean))].join(", ");
};

const nameOf = (userId: string | undefined): string => userId ?? "New visitor";

export const Visitors = () => {
  const { userId, sessionId } = visitor.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [selected, setSelected] = useState("");
  const [tastes, setTastes] = useState<Record<string, string>>({});
  useEffect(() => {
    if (!isOpen) return;
    for (const user of demonstrationUsers.value) {
      readTaste(user).then(
        (taste) => setTastes((known) => ({ ...known, [user]: taste })),
        () => {},
      );
    }
  }, [isOpen]);

  const open = (): void => {
    setSelected(userId ?? demonstrationUsers.peek()[0] ?? "");
    setOpen(true);
    dialog.current?.showModal();
  };
  const close = (): void => dialog.current?.close();

  const beNew = (): void => {
    startAnew();
    close();
    void changeVisitor(undefined);
  };
  const be = (isJoining: boolean): void => {
    if (!selected) return;
    if (!isJoining) startAnew();
    close();
    void changeVisitor(selected, isJoining ? sessionId : undefined);
  };

  return (
    <>
      <button type="button" class="button" aria-haspopup="dialog" onClick={open}>
        <span class="hidden">Visitor: </span>
        <bdi>{nameOf(userId)}</bdi>
        <span aria-hidden="true">▾</span>
      </button>
      <dialog ref={dialog} class="visitors" aria-labelledby="visitors-title" onClose={() => setOpen(false)}>
        <h2 id="visitors-title">Who visits the shop?</h2>
        <p>
          {userId ? (
            <>
              You are logged in as <bdi>{userId}</bdi>.
            </>
          ) : (
            `You are a new visitor: the shop knows ${silence ? "nothing about you" : "only what you do here"}.`
          )}
        </p>
        {demonstrationUsers.value.length > 0 && (
          <fieldset>
            <legend>Customers of this demonstration</legend>
            {demonstrationUsers.value.map((user) => (
              <label key={user} class="choice customer">
                <input
                  type="radio"
                  name="customer"
                  value={user}
                  checked={user === selected}
                  onChange={() => setSelected(user)}
                />
                <span>
                  <bdi>{user}</bdi>
                  {tastes[user] && <span class="muted small"> · last interested in {tastes[user]}</span>}
                </span>
              </label>
            ))}
          </fieldset>
        )}
        <div class="actions">
          {demonstrationUsers.value.length > 0 && !userId && !silence && (
            <button type="button" class="button primary" onClick={() => be(true)}>
              Log in, and keep what I did
            </button>
          )}
          {demonstrationUsers.value.length > 0 && (
            <button type="button" class="button" onClick={() => be(false)}>
              Visit as this customer
            </button>
          )}
          <button type="button" class="button" onClick={beNew}>
            {userId ? "Log out, as a new visitor" : "Start anew, as a new visitor"}
          </button>
          <button type="button" class="button quiet" onClick={close}>
            Close
          </button>
        </div>
      </dialog>
    </>
  );
};
