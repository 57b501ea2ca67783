"""Which models a request may name, and what the custom one cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backend.http import BadRequestError
from backend.recommend.recommender import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backend.recommend.requests import RecommendationRequest, RequestKind

CUSTOM = "custom"
"""The model of the SageMaker endpoint; the others are named as their solutions."""


def check_model(
    request: RecommendationRequest, models: Mapping[RequestKind, Mapping[str, str]]
) -> RecommendationRequest:
    """Return the request with the model's own name, which may be given by that of its campaign or endpoint.

    Parameters
    ----------
    models
        The ARN of each model, a campaign or the endpoint, by the kind of request that it answers and its name.

    Raises
    ------
    BadRequestError
        Where the model is unknown, or cannot do what the request wants.
    """
    if request.model is None:
        return request
    known = models.get(request.kind, {})
    names = {name_of(arn): name for name, arn in known.items()} | {name: name for name in known}
    if request.model not in names:
        named = f"known are: {', '.join(sorted(known))}" if known else "no model is deployed for this request"
        raise BadRequestError("model", f"{request.model!r} is not known; {named}")
    request = replace(request, model=names[request.model])
    if request.model != CUSTOM:
        return request
    unsupported = {
        "filter": request.filter,
        "promotion": request.promotion,
        "context": request.context,
        "explain": request.with_explanations,
    }
    for name, given in unsupported.items():
        if given:
            raise BadRequestError(name, f"cannot be used with model={CUSTOM}")
    return request
