"""Runs queries without tables through the emulator's Athena, in its environment: JSON in, JSON out.

``build/env/emulator/bin/python -m tests.fakes.emulator.dialect``, from the root of the project.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from typing import Any

from deployment.emulator.athena import dialect, queries, results
from deployment.emulator.athena.errors import AthenaError, RequestRefusedError


def answer(query: str, scratch: str) -> dict[str, Any]:
    """Return the first value and its type, or the error."""
    try:
        with queries.connect(scratch) as connection:
            bound = queries.bind_query(queries.Session(connection, "", None), dialect.parse(query))
            with queries.translated_errors():
                rows = results.fetch(connection, queries.printable(bound), bound.columns).rows
        return {"value": rows[0][0], "type": str(bound.columns[0][1])}
    except RequestRefusedError as error:
        return {"error": f"{error.code}: {error}"}
    except AthenaError as error:
        return {"error": str(error)}


def main() -> None:
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as scratch:
        json.dump([answer(query, scratch) for query in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
