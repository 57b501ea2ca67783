"""Serves a trained recipe as SageMaker asks a model: `GET /ping` and `POST /invocations`.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model.recipes.recipe import Query
from model.registry.amazon_recipes import RECIPES
from model.sagemaker.surroundings import MODEL, SurroundingsError
from model.sagemaker.train import DESCRIPTION, MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.recipes.recipe import Recipe

PORT_VARIABLE, PORT = "SAGEMAKER_BIND_TO_PORT", 8080
HOST_VARIABLE, HOST = "RIVULET_BIND_TO_HOST", "0.0.0.0"  # noqa: S104 - SageMaker asks from outside the container
MOST_BYTES = (
    6 * 1024 * 1024
)  # of a request to an endpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
FEWEST, MOST = 1, 500
DEFAULT_COUNT = 25
MEMBERS = ("userId", "itemId", "history", "inputList", "numResults")


class BadQuestionError(ValueError):
    """A request cannot be answered; the message says which member, and what it must be."""


@dataclass(frozen=True)
class Served:
    """A model that answers, and what it needs to be asked with."""

    recipe: Recipe
    needs: tuple[str, ...]
    has_scores: bool


def load(folder: Path) -> Served:
    """Read what a training left.

    Parameters
    ----------
    folder : Path
        SM_MODEL_DIR.

    Raises
    ------
    TypeError
        The recipe makes segments of users, which no question asks for.
    """
    named = RECIPES[json.loads((folder / DESCRIPTION).read_bytes())["recipe"]]
    return Served(named.answers.load(folder / MODEL_FOLDER), named.needs, named.scores)


def answer(served: Served, question: Any) -> dict[str, Any]:
    """Answer a question of the form of Personalize's runtime, with the user's history beside it.

    Parameters
    ----------
    question : dict
        userId, itemId, history (item ids, newest first), inputList (the only items allowed), numResults.

    Returns
    -------
    dict
        itemList of itemId, and score and reason where the recipe gives them.
    """
    if not isinstance(question, dict) or set(question) - set(MEMBERS):
        raise BadQuestionError(f"the body must be a JSON object with some of {', '.join(MEMBERS)}")
    for name in served.needs:
        if not question.get(name):
            raise BadQuestionError(f"{name} is missing: this recipe needs it")
    count = question.get("numResults", DEFAULT_COUNT)
    if not isinstance(count, int) or isinstance(count, bool) or not FEWEST <= count <= MOST:
        raise BadQuestionError(f"numResults must be a whole number from {FEWEST} to {MOST}")
    recipe, given = served.recipe, _texts(question, "inputList")
    allowed = np.isin(np.array(recipe.item_ids, dtype=object), given) if given else None
    query = Query(
        history=_texts(question, "history"),
        item_id=_text(question, "itemId"),
        user=_text(question, "userId") or "",
        allowed=allowed,
    )
    found = recipe.recommend(query, count)
    return {"itemList": [_told(one.item_id, one.score, one.reason) for one in found]}


def make_server(served: Served, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that is bound and does not serve yet.

    Parameters
    ----------
    port : int
        0 for a free one.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(*((HTTPStatus.OK, {}) if self.path == "/ping" else _NOT_FOUND))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MOST_BYTES:
                self.close_connection = True
                self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": f"at most {MOST_BYTES} bytes"})
                return
            body = self.rfile.read(length)
            if self.path != "/invocations":
                self._say(*_NOT_FOUND)
                return
            try:
                self._say(HTTPStatus.OK, answer(served, json.loads(body)))
            except (BadQuestionError, ValueError, RecursionError) as error:
                self._say(HTTPStatus.BAD_REQUEST, {"message": str(error) or "the body is no JSON"})

        def _say(self, status: HTTPStatus, content: dict[str, Any]) -> None:
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            """Stay silent: a line per question would hold what users do."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(environment: Mapping[str, str]) -> None:
    """Serve the model of SM_MODEL_DIR until SIGTERM.

    Raises
    ------
    SurroundingsError
        SM_MODEL_DIR is not set.
    """
    if not environment.get(MODEL):
        raise SurroundingsError(f"{MODEL} is not set: it names the folder with the model")
    served = load(Path(environment[MODEL]))
    server = make_server(served, environment.get(HOST_VARIABLE, HOST), int(environment.get(PORT_VARIABLE) or PORT))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stderr.write(f"serving on port {server.server_address[1]}\n")
    server.serve_forever()
    server.server_close()


def _told(item_id: str, score: float | None, reason: str | None) -> dict[str, Any]:
    told: dict[str, Any] = {"itemId": item_id, "score": score, "reason": [reason] if reason else None}
    return {name: value for name, value in told.items() if value is not None}


def _text(question: dict[str, Any], name: str) -> str | None:
    value = question.get(name)
    if value is not None and not isinstance(value, str):
        raise BadQuestionError(f"{name} must be a text")
    return value


def _texts(question: dict[str, Any], name: str) -> list[str]:
    value = question.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadQuestionError(f"{name} must be a list of texts")
    return value


_NOT_FOUND = (HTTPStatus.NOT_FOUND, {"message": "there are GET /ping and POST /invocations"})
