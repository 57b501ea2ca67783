"""Ids that a program writes where it has none; they would join strangers into one user."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SESSION_PREFIX = "session#"
"""Begins the id of a user who never logged in, at the tracker, in the history and in the data sets."""

PLACEHOLDERS = ("null", "nil", "none", "undefined", "nan")
_JAVASCRIPT_OBJECTS = ("object", "undefined", "null", "promise", "window", "event", "htmlelement")
_WORDS = frozenset(
    {
        "",
        r"\n",  # NULL in the text of several databases
        *(form.format(word) for word in PLACEHOLDERS for form in ("{}", "({})", "<{}>", "[{}]")),
        *(f"[object {word}]" for word in _JAVASCRIPT_OBJECTS),
    }
)

# Names of columns, of a header that is read as a row; the data sets must not have them as ids.
# https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
RESERVED_WORDS = frozenset(
    {
        "USER_ID",
        "ITEM_ID",
        "TIMESTAMP",
        "EVENT_TYPE",
        "EVENT_VALUE",
        "IMPRESSION",
        "RECOMMENDATION_ID",
        "EVENT_ATTRIBUTION_SOURCE",
        "CREATION_TIMESTAMP",
    }
)

INVISIBLE = (
    "\u00ad\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u2800\u3164\ufeff\uffa0"
)
"""Characters that show nothing, beyond white space."""

_BLANKS = "".join((*filter(str.isspace, map(chr, range(0x3001))), INVISIBLE))

PLACEHOLDER_RULE = (
    "must be an id, not a placeholder such as null, undefined, blanks or USER_ID; "
    "leave the field out where there is no id"
)
SESSION_RULE = f"must not begin with {SESSION_PREFIX}, which names a user without a log-in; send the session_id alone"


def _spellings(word: str) -> set[str]:
    return {"".join(letters) for letters in product(*({letter, letter.upper()} for letter in word))}


_SPELT = RESERVED_WORDS.union(*(_spellings(word) for word in _WORDS if not word.startswith("[")))


def is_placeholder(text: str) -> bool:
    """Return whether an id is a placeholder in any case and between blanks, or a reserved word of Personalize."""
    return text in RESERVED_WORDS or text.strip(_BLANKS).lower() in _WORDS


def are_real(ids: Iterable[str | None]) -> bool:
    """Return whether none of some ids is a placeholder; for most ids without converting any, which is the hot path.

    The ids have no control character.
    """
    given = [*filter(None, ids)]
    if not _SPELT.isdisjoint(given):
        return False
    joined = '"'.join(("", *given, ""))
    # To search for one character first is several times faster than to search for two.
    has_edges = (" " in joined and ('" ' in joined or ' "' in joined)) or ("[" in joined and '"[' in joined)
    if joined.isascii() and not has_edges:
        return True
    unusual = [text for text in given if not text.isascii() or text[0] in " [" or text[-1] == " "]
    return not any(map(is_placeholder, unusual))
