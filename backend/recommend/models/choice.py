"""Which models a request may name, and what the custom one cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.http import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.recommend.requests import RecommendationRequest, RequestKind

CUSTOM = "custom"
"""The model of the SageMaker endpoint; the others are named as their solutions."""


def check_model(request: RecommendationRequest, models: Mapping[RequestKind, Mapping[str, str]]) -> None:
    """Raise `BadRequestError` where the model that a request names is unknown, or cannot do what the request wants.

    Parameters
    ----------
    models
        The ARN of each model, a campaign or the endpoint, by the kind of request that it answers and its name.
    """
    if request.model is None:
        return
    known = models.get(request.kind, {})
    if request.model not in known:
        named = f"known are: {', '.join(sorted(known))}" if known else "no model is deployed for this request"
        raise BadRequestError("model", f"{request.model!r} is not known; {named}")
    if request.model != CUSTOM:
        return
    unsupported = {
        "filter": request.filter,
        "promotion": request.promotion,
        "context": request.context,
        "explain": request.with_explanations,
    }
    for name, given in unsupported.items():
        if given:
            raise BadRequestError(name, f"cannot be used with model={CUSTOM}")
