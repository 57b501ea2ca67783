"""The example of the engine's README recommends items."""

from __future__ import annotations

import re

from tests.contract.engine.running_engine import ROOT


def test_the_first_recommendation_is_of_the_shelf_that_the_user_viewed(own_engine, capsys):
    readme = (ROOT / "model/engine/README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)

    exec(example.replace("http://127.0.0.1:8400", f"http://127.0.0.1:{own_engine.port}"), {})

    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == 5
    assert all(item.startswith("item-1-") for item, _ in printed[:3])
    assert float(printed[0][1]) > float(printed[3][1])
