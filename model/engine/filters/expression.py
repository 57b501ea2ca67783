"""Parses filter expressions to clauses, and reports the place of an error.

```
filter    := clause ( "|" clause )*
clause    := (INCLUDE | EXCLUDE) (ItemID | UserID | ActionID) WHERE either [ IF condition ( AND condition )* ]
either    := all ( OR all )*
all       := condition ( AND condition )*
condition := dataset "." field ( [NOT] IN "(" list ")" | IN CurrentItem "." field | comparison value )
list      := string ( "," string )* | "$" name | "*"
value     := number | "$" name | CurrentItem "." field, in parentheses or not
```
Source: developer guide, "Filter expression structure and elements".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from model.engine.filters.interned_columns import LARGEST
from model.engine.personalize.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

Verb = Literal["INCLUDE", "EXCLUDE"]
Target = Literal["ItemID", "UserID", "ActionID"]

VERBS: tuple[Verb, ...] = ("INCLUDE", "EXCLUDE")
TARGETS: tuple[Target, ...] = ("ItemID", "UserID", "ActionID")
# As they are written, and the dataset types that they mean.
DATASETS = {
    "Interactions": "INTERACTIONS",
    "Items": "ITEMS",
    "Users": "USERS",
    "Actions": "ACTIONS",
    "Action_Interactions": "ACTION_INTERACTIONS",
}
CURRENT_USER, CURRENT_ITEM = "CurrentUser", "CurrentItem"
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<parameter>\$[A-Za-z0-9_]+)
    |(?P<number>[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<symbol><=|>=|!=|[<>=(),.|*])""",
    re.VERBOSE,
)
_OTHER_QUOTES = "'`\u2018\u2019\u201c\u201d"
_ESCAPED = re.compile(r"\\(.)")


class FilterExpressionError(InvalidInputError):
    """The filter expression breaks the grammar or a rule at `place`, a character counted from 0."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(f"filterExpression, character {place + 1}: {what}")
        self.place = place
        self.what = what


@dataclass(frozen=True, slots=True)
class Strings:
    """Fixed strings to compare with."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A fixed number to compare with."""

    value: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that each query gives."""

    name: str


@dataclass(frozen=True, slots=True)
class EveryType:
    """Every event type."""


@dataclass(frozen=True, slots=True)
class OfCurrentItem:
    """The value of a field of the current item."""

    field: str
    place: int


Operand = Strings | Number | Parameter | EveryType | OfCurrentItem


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes
    ----------
    dataset : str
        As in `DATASETS`, or CurrentUser.
    operator : str
        IN, NOT IN, or one of `COMPARISONS`.
    place, field_place, operand_place : int
        Where dataset, field and operand stand in the expression.
    """

    dataset: str
    field: str
    operator: str
    operand: Operand
    place: int
    field_place: int
    operand_place: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a filter expression; `|` separates clauses.

    Attributes
    ----------
    verb : str
        INCLUDE or EXCLUDE.
    target : str
        ItemID, UserID or ActionID.
    alternatives : tuple of tuples of Condition
        A row matches if it meets all conditions of at least one tuple.
    user_conditions : tuple of Condition
        The clause applies if the current user meets all of them.
    """

    verb: Verb
    target: Target
    alternatives: tuple[tuple[Condition, ...], ...]
    user_conditions: tuple[Condition, ...]
    place: int
    target_place: int
    end: int

    def conditions(self) -> list[Condition]:
        """Return all conditions, those of IF last."""
        return [condition for conjunction in self.alternatives for condition in conjunction] + list(
            self.user_conditions
        )


def parse(expression: str) -> tuple[Clause, ...]:
    """Read a filter expression."""
    reader = _Reader(expression)
    clauses = [_clause(reader)]
    while reader.take_symbol("|"):
        clauses.append(_clause(reader))
    if reader.kind != "end":
        raise reader.refusal("AND, OR, IF, | or the end of the expression")
    return tuple(clauses)


class _Reader:
    """The tokens of an expression and a place among them."""

    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._next = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._next][0]

    @property
    def text(self) -> str:
        return self._tokens[self._next][1]

    @property
    def place(self) -> int:
        return self._tokens[self._next][2]

    @property
    def end_of_last(self) -> int:
        _, text, place = self._tokens[self._next - 1]
        return place + len(text)

    def take(self) -> str:
        text = self.text
        self._next += 1
        return text

    def is_word(self, word: str) -> bool:
        # The guide's pages write keywords in both cases, such as "EXCLUDE itemId WHERE INTERACTIONS.event_type".
        return self.kind == "word" and self.text.lower() == word.lower()

    def take_word(self, word: str) -> bool:
        if not self.is_word(word):
            return False
        self._next += 1
        return True

    def take_symbol(self, symbol: str) -> bool:
        if self.kind != "symbol" or self.text != symbol:
            return False
        self._next += 1
        return True

    def expect_symbol(self, symbol: str) -> None:
        if not self.take_symbol(symbol):
            raise self.refusal(f'"{symbol}"')

    def refusal(self, expected: str) -> FilterExpressionError:
        # A string may be personal data, so the message does not repeat it.
        actual = {"end": "the expression ends", "string": "there is a string"}.get(self.kind, f"there is {self.text}")
        return FilterExpressionError(self.place, f"{expected} is expected here, but {actual}")


def _tokens(expression: str) -> list[tuple[str, str, int]]:
    """Return kind, text and place of every token, and an end."""
    tokens = []
    place = 0
    while place < len(expression):
        if expression[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(expression, place)
        if match is None:
            raise FilterExpressionError(place, _bad_character(expression[place]))
        tokens.append((str(match.lastgroup), match[0], place))
        place = match.end()
    return [*tokens, ("end", "", len(expression))]


def _bad_character(character: str) -> str:
    if character == '"':
        return "the string that starts here has no closing quote"
    if character in _OTHER_QUOTES:
        return 'put strings in straight double quotes, as in "drama"'
    if character == "$":
        return "a parameter has a name of letters, digits and underscores, as in $GENRE"
    return f"the character {character!r} has no meaning in filter expressions"


def _one_of(reader: _Reader, words: tuple[str, ...]) -> str:
    for word in words:
        if reader.take_word(word):
            return word
    raise reader.refusal(" or ".join(words))


def _clause(reader: _Reader) -> Clause:
    place = reader.place
    verb = VERBS[VERBS.index(_one_of(reader, VERBS))]
    target_place = reader.place
    target = TARGETS[TARGETS.index(_one_of(reader, TARGETS))]
    if not reader.take_word("WHERE"):
        raise reader.refusal("WHERE")
    alternatives = [_conjunction(reader, _row_condition)]
    while reader.take_word("OR"):
        alternatives.append(_conjunction(reader, _row_condition))
    user_conditions = _conjunction(reader, _user_condition) if reader.take_word("IF") else ()
    if user_conditions and reader.is_word("OR"):
        raise FilterExpressionError(reader.place, "conditions after IF may be joined by AND only")
    return Clause(verb, target, tuple(alternatives), user_conditions, place, target_place, reader.end_of_last)


def _conjunction(reader: _Reader, read: Callable[[_Reader], Condition]) -> tuple[Condition, ...]:
    conditions = [read(reader)]
    while reader.take_word("AND"):
        conditions.append(read(reader))
    return tuple(conditions)


def _row_condition(reader: _Reader) -> Condition:
    if reader.is_word(CURRENT_USER):
        raise FilterExpressionError(reader.place, f"{CURRENT_USER} may stand only after IF, at the end of a clause")
    return _condition(reader, tuple(DATASETS))


def _user_condition(reader: _Reader) -> Condition:
    if not reader.is_word(CURRENT_USER):
        raise FilterExpressionError(reader.place, f"IF may ask only for a field of {CURRENT_USER}")
    return _condition(reader, (CURRENT_USER,))


def _condition(reader: _Reader, datasets: tuple[str, ...]) -> Condition:
    place = reader.place
    dataset = _one_of(reader, datasets)
    field, field_place = _field(reader)
    operator = _operator(reader)
    operand_place = reader.place
    operand = _members(reader, operator) if operator.endswith("IN") else _value(reader)
    return Condition(dataset, field, operator, operand, place, field_place, operand_place)


def _field(reader: _Reader) -> tuple[str, int]:
    reader.expect_symbol(".")
    place = reader.place
    if reader.kind != "word":
        raise reader.refusal("the name of a field")
    return reader.take(), place


def _operator(reader: _Reader) -> str:
    if reader.take_word("NOT"):
        if not reader.take_word("IN"):
            raise reader.refusal("IN after NOT")
        return "NOT IN"
    if reader.take_word("IN"):
        return "IN"
    if reader.kind == "symbol" and reader.text in COMPARISONS:
        return reader.take()
    raise reader.refusal(f"IN, NOT IN or one of {' '.join(COMPARISONS)}")


def _members(reader: _Reader, operator: str) -> Operand:
    place = reader.place
    if reader.take_word(CURRENT_ITEM):
        if operator == "NOT IN":
            raise FilterExpressionError(place, f"NOT IN takes no {CURRENT_ITEM}: use IN with the opposite verb")
        return OfCurrentItem(*_field(reader))
    reader.expect_symbol("(")
    if reader.take_symbol("*"):
        operand: Operand = EveryType()
    elif reader.kind == "parameter":
        operand = Parameter(reader.take()[1:])
    else:
        strings = [_string(reader)]
        while reader.take_symbol(","):
            strings.append(_string(reader))
        operand = EveryType() if strings == ["*"] else Strings(tuple(strings))
    reader.expect_symbol(")")
    return operand


def _string(reader: _Reader) -> str:
    if reader.kind != "string":
        raise reader.refusal('a string in double quotes, as in ("drama", "crime"), or a single parameter')
    return unquoted(reader.take())


def unquoted(text: str) -> str:
    """Return the value of a string in double quotes; a backslash escapes the next character."""
    return _ESCAPED.sub(r"\1", text[1:-1])


def number_of(text: str) -> float:
    """Return the number of a text, a whole one exactly where a long could hold it."""
    number = float(text)
    try:
        return int(text) if abs(number) <= LARGEST else number
    except ValueError:
        return number


def _value(reader: _Reader) -> Operand:
    # One pair of parentheses at most, since the nesting of client input must be bounded.
    if not reader.take_symbol("("):
        return _bare_value(reader)
    operand = _bare_value(reader)
    reader.expect_symbol(")")
    return operand


def _bare_value(reader: _Reader) -> Operand:
    if reader.kind == "number":
        return Number(number_of(reader.take()))
    if reader.kind == "parameter":
        return Parameter(reader.take()[1:])
    if reader.take_word(CURRENT_ITEM):
        return OfCurrentItem(*_field(reader))
    if reader.kind == "string":
        raise FilterExpressionError(reader.place, 'strings are compared with IN, as in IN ("drama")')
    raise reader.refusal(f"a number, a parameter or a field of {CURRENT_ITEM}")
