"""The quick check of many ids agrees with the rule for each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.contract.rules.placeholder_ids import RESERVED_WORDS, are_real, is_placeholder

WORDS = ["null", "nil", "none", "undefined", "nan", "(null)", "<none>", "[undefined]", "[object window]", r"\n"]
around = st.sampled_from(["", "", " ", "  ", "\u3000", "\u200b", "\u00a0", '"', "[", "x", "é"])


@st.composite
def near_placeholders(draw: st.DrawFn) -> str:
    """Draw a placeholder in any case, or a word near one, between blanks, brackets, quotes and letters."""
    word = draw(st.sampled_from([*WORDS, *sorted(RESERVED_WORDS), "i-1", "nullable", ""]))
    spelt = "".join(letter.upper() if draw(st.booleans()) else letter for letter in word)
    return draw(around) + draw(st.sampled_from([word, spelt])) + draw(around)


printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=6)


@settings(max_examples=300)
@given(st.lists(st.none() | near_placeholders().filter(bool) | printable, max_size=6))
def test_ids_are_real_together_where_each_is_no_placeholder(ids):
    assert are_real(ids) == (not any(text is not None and is_placeholder(text) for text in ids))


@pytest.mark.parametrize("placeholder", ["nUlL", "[object Object]", " null", "undefined\u3000", "ITEM_ID", "  "])
def test_one_placeholder_among_many_ids_is_found(placeholder):
    real = ["u-1", "red shoe", "[a]", "é-1", "item_id", 'quo"te']

    assert are_real(real)
    for position in range(len(real) + 1):
        assert not are_real([*real[:position], placeholder, *real[position:]])
