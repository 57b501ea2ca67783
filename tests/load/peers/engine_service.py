"""What a team writes when it has no such engine: FastAPI in front of implicit's ALS; runs in the environment `peers`.

`python tests/load/peers/engine_service.py EVENTS.npz DIRECTORY` trains on the arrays `users`, `items` and prints
"ready", its port and the seconds of the training. Events go into SQLite before they are answered, and into the user's
row, from which the user is computed anew with each question (`recalculate_user`), so that the next answer knows them.
"""

from __future__ import annotations

import socket
import sqlite3
import sys
import time
from pathlib import Path

import implicit.als
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field
from scipy import sparse

FACTORS, ITERATIONS = 64, 15


class Event(BaseModel):
    """One event, as the engine's own clients send it."""

    eventType: str = Field(max_length=256)  # noqa: N815 - the wire's name
    itemId: str = Field(max_length=256)  # noqa: N815
    sentAt: float  # noqa: N815
    eventId: str | None = None  # noqa: N815


class Events(BaseModel):
    """A user's events."""

    userId: str  # noqa: N815
    eventList: list[Event] = Field(min_length=1, max_length=10)  # noqa: N815


class Question(BaseModel):
    """Whom to recommend to."""

    userId: str  # noqa: N815
    numResults: int = 25  # noqa: N815


def make_service(events: Path, directory: Path) -> tuple[FastAPI, float]:
    """Train and return the service with the seconds that the training took."""
    with np.load(events) as stored:
        users, items = stored["users"], stored["items"]
    rows = sparse.csr_matrix((np.ones(users.size, np.float32), (users, items)))
    model = implicit.als.AlternatingLeastSquares(factors=FACTORS, iterations=ITERATIONS, random_state=1)
    begun = time.perf_counter()
    model.fit(rows, show_progress=False)
    seconds = time.perf_counter() - begun
    items_of = {f"user-{user}": set(rows[user].indices.tolist()) for user in range(rows.shape[0])}
    database = sqlite3.connect(directory / "events.sqlite", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE events (user TEXT, item TEXT, kind TEXT, moment REAL)")
    service = FastAPI()

    async def put_events(given: Events) -> dict[str, str]:
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?)",
            [(given.userId, event.itemId, event.eventType, event.sentAt) for event in given.eventList],
        )
        database.execute("COMMIT")
        seen = items_of.setdefault(given.userId, set())
        seen.update(int(event.itemId.removeprefix("item-")) for event in given.eventList)
        return {}

    async def recommend(asked: Question) -> dict[str, list[dict[str, str | float]]]:
        mine = sorted(items_of.get(asked.userId, ()))
        row = sparse.csr_matrix((np.ones(len(mine), np.float32), mine, [0, len(mine)]), shape=(1, rows.shape[1]))
        ids, scores = model.recommend(0, row, N=asked.numResults, recalculate_user=True)
        pairs = zip(ids.tolist(), scores.tolist(), strict=True)
        return {"itemList": [{"itemId": f"item-{item}", "score": score} for item, score in pairs]}

    service.add_api_route("/events", put_events, methods=["POST"])
    service.add_api_route("/recommendations", recommend, methods=["POST"])
    return service, seconds


def main() -> None:
    """Serve until the process is ended."""
    service, seconds = make_service(Path(sys.argv[1]), Path(sys.argv[2]))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print("ready", listener.getsockname()[1], f"{seconds:.2f}", flush=True)
    uvicorn.Server(uvicorn.Config(service, access_log=False, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
