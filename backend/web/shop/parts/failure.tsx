/** A part of the shop that could not be loaded. */

import type { ApiError } from "../state/api.js";

/** What the visitor has filled in, by the API's name for it. */
const FIELDS: Record<string, string> = {
  search: "The search",
  category: "The category",
  min_price: "The lowest price",
  max_price: "The highest price",
};

const whyOf = ({ status, message, field, rule }: ApiError): string => {
  if (status === 0) return ", since the shop could not be reached.";
  if (status !== 400) return ".";
  return `. ${field && rule ? `${FIELDS[field] ?? field} ${rule}` : message}. Change this and try again.`;
};

interface Given {
  error: ApiError;
  /** What could not be loaded, such as "this list". */
  what: string;
  retry?: (() => void) | undefined;
}

export const Failure = ({ error, what, retry }: Given) => (
  <div class="notice bad" role="alert">
    <p>
      We could not load {what}
      {whyOf(error)}
      {error.requestId && error.status !== 400 && (
        <span class="muted small">
          {" "}
          If you ask us for help, name <span class="number">{error.requestId}</span>.
        </span>
      )}
    </p>
    {retry && error.status !== 400 && (
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    )}
  </div>
);
