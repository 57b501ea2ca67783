"""Serves a trained recipe under SageMaker's contract: `GET /ping` and `POST /invocations`.

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
from model.registry.recipes import RECIPES
from model.sagemaker.train import DESCRIPTION, MODEL_FOLDER
from model.sagemaker.training_job import MODEL, TrainingJobError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.recipes.recipe import Recipe

PORT_VARIABLE, PORT = "SAGEMAKER_BIND_TO_PORT", 8080
HOST_VARIABLE, HOST = "RIVULET_BIND_TO_HOST", "0.0.0.0"  # noqa: S104 - SageMaker calls from outside the container
MAX_BYTES = (
    6 * 1024 * 1024
)  # of a request to an endpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
MIN_RESULTS, MAX_RESULTS = 1, 500
DEFAULT_COUNT = 25
MEMBERS = ("userId", "itemId", "history", "inputList", "numResults")


class BadRequestError(ValueError):
    """A request is invalid; the message names the member and its valid values."""


@dataclass(frozen=True)
class ServedModel:
    """A loaded model and the request members that it needs."""

    recipe: Recipe
    needs: tuple[str, ...]
    has_scores: bool


def load(folder: Path) -> ServedModel:
    """Read the model of a training job from SM_MODEL_DIR.

    Raises
    ------
    TypeError
        The recipe makes user segments, which cannot be served.
    """
    named = RECIPES[json.loads((folder / DESCRIPTION).read_bytes())["recipe"]]
    return ServedModel(named.recommender.load(folder / MODEL_FOLDER), named.needs, named.scores)


def answer(served: ServedModel, request: Any) -> dict[str, Any]:
    """Answer a request in the form of the Personalize runtime, with the history of the user added.

    Parameters
    ----------
    request : dict
        userId, itemId, history (item ids, latest first), inputList (the items to rank), numResults.

    Returns
    -------
    dict
        itemList of itemId and, if the recipe returns them, score and reason.
    """
    if not isinstance(request, dict) or set(request) - set(MEMBERS):
        raise BadRequestError(f"the body must be a JSON object with some of {', '.join(MEMBERS)}")
    for name in served.needs:
        if not request.get(name):
            raise BadRequestError(f"{name} is missing: this recipe needs it")
    count = request.get("numResults", DEFAULT_COUNT)
    if not isinstance(count, int) or isinstance(count, bool) or not MIN_RESULTS <= count <= MAX_RESULTS:
        raise BadRequestError(f"numResults must be a whole number from {MIN_RESULTS} to {MAX_RESULTS}")
    recipe, given = served.recipe, _texts(request, "inputList")
    allowed = np.isin(np.array(recipe.item_ids, dtype=object), given) if given else None
    query = Query(
        history=_texts(request, "history"),
        item_id=_text(request, "itemId"),
        user=_text(request, "userId") or "",
        allowed=allowed,
    )
    items = recipe.recommend(query, count)
    return {"itemList": [_entry(item.item_id, item.score, item.reason) for item in items]}


def make_server(served: ServedModel, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server that is bound to its port (0 for a free one) and not started."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond(*((HTTPStatus.OK, {}) if self.path == "/ping" else _NOT_FOUND))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MAX_BYTES:
                self.close_connection = True
                self._respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": f"at most {MAX_BYTES} bytes"})
                return
            body = self.rfile.read(length)
            if self.path != "/invocations":
                self._respond(*_NOT_FOUND)
                return
            try:
                self._respond(HTTPStatus.OK, answer(served, json.loads(body)))
            except (BadRequestError, ValueError, RecursionError) as error:
                self._respond(HTTPStatus.BAD_REQUEST, {"message": str(error) or "the body is not JSON"})

        def _respond(self, status: HTTPStatus, content: dict[str, Any]) -> None:
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            """Log nothing: a line per request would hold personal data."""

    return ThreadingHTTPServer((host, port), Handler)


def serve(environment: Mapping[str, str]) -> None:
    """Serve the model of SM_MODEL_DIR, which must be set, until SIGTERM."""
    if not environment.get(MODEL):
        raise TrainingJobError(f"{MODEL} is not set: it names the folder with the model")
    served = load(Path(environment[MODEL]))
    server = make_server(served, environment.get(HOST_VARIABLE, HOST), int(environment.get(PORT_VARIABLE) or PORT))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stderr.write(f"serving on port {server.server_address[1]}\n")
    server.serve_forever()
    server.server_close()


def _entry(item_id: str, score: float | None, reason: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"itemId": item_id, "score": score, "reason": [reason] if reason else None}
    return {name: value for name, value in entry.items() if value is not None}


def _text(request: dict[str, Any], name: str) -> str | None:
    value = request.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequestError(f"{name} must be a string")
    return value


def _texts(request: dict[str, Any], name: str) -> list[str]:
    value = request.get(name, [])
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise BadRequestError(f"{name} must be a list of strings")
    return value


_NOT_FOUND = (HTTPStatus.NOT_FOUND, {"message": "unknown path: use GET /ping or POST /invocations"})
