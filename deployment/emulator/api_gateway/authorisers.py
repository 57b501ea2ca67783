"""Lambda authorisers: released versions, the documented form of their answer, and the key of a usage plan.

An API whose ``apiKeySource`` is AUTHORIZER counts a request on the usage plan whose key's value the authoriser returns
as ``usageIdentifierKey``; the header ``x-api-key`` then has no meaning for the gateway. MiniStack reads the header in
both cases. The values of ``context`` are texts, numbers and booleans, else AWS answers 500; MiniStack leaves the others
out. In the response for a denied request ``$context.authorizer.<name>`` is a text of ``context``, or empty; MiniStack
keeps the expression.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from ministack.services import apigateway_v1

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Context = dict[str, str] | None
    Response = tuple[int, dict[str, str], bytes]

# For a permitted request MiniStack passes the context on, so the key travels in it under a name that no authoriser can
# return as text; for a denied one it evaluates the policy only, so the context travels in that.
_USAGE_KEY: Final = "\x00usageIdentifierKey"
_CONTEXT: Final = "\x00context"

_VARIABLE: Final = re.compile(rb"\$(?:\{context\.authorizer\.(\w+)\}|context\.authorizer\.([A-Za-z]\w*))")

# The key of the request that is being executed: None where the gateway reads it from the header.
_returned_key: ContextVar[str | None] = ContextVar("returned_key", default=None)

# The context of the policy that was evaluated for it.
_evaluated_context: ContextVar[dict[str, str] | None] = ContextVar("evaluated_context", default=None)


def install() -> None:
    """Override the invocation of authorisers, and where the key of a usage plan is from."""
    apigateway_v1._invoke_authorizer_lambda = _invoke
    apigateway_v1._authorize_request_v1 = _with_usage_key(apigateway_v1._authorize_request_v1)
    apigateway_v1._api_key_from_request = _key_of_its_source(apigateway_v1._api_key_from_request)
    apigateway_v1._evaluate_policy = _remembering_its_context(apigateway_v1._evaluate_policy)
    apigateway_v1._gateway_error_response = _with_context(apigateway_v1._gateway_error_response)


async def _invoke(authorizer: dict[str, Any], event: dict[str, Any], account_id: str, region: str) -> Any:
    reference = apigateway_v1._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
    result, error = await apigateway_v1._call_lambda_raw(reference, event, account_id=account_id, region=region)
    if error or result is None:
        return None
    body = result.get("body")
    if result.get("error") or not isinstance(body, dict):
        return result
    context = body.get("context") or {}
    if not isinstance(context, dict) or not all(isinstance(value, str | int | float) for value in context.values()):
        return {"body": None}
    answer = body | {"context": context | {_USAGE_KEY: body.get("usageIdentifierKey") or ""}}
    if isinstance(body.get("policyDocument"), dict):
        answer["policyDocument"] = body["policyDocument"] | {_CONTEXT: apigateway_v1._stringify_context(context)}
    return result | {"body": answer}


def _with_usage_key(
    authorize: Callable[..., Awaitable[tuple[Any, Context]]],
) -> Callable[..., Awaitable[tuple[Any, Context]]]:
    async def authorize_request(api_id: str, *request: Any) -> tuple[Any, Context]:
        _evaluated_context.set(None)
        error, context = await authorize(api_id, *request)
        is_returned = (apigateway_v1._rest_apis.get(api_id) or {}).get("apiKeySource") == "AUTHORIZER"
        _returned_key.set((context or {}).get(_USAGE_KEY, "") if is_returned else None)
        # The original is in the cache.
        return error, context and {name: value for name, value in context.items() if name != _USAGE_KEY}

    return authorize_request


def _key_of_its_source(read: Callable[[dict[str, str]], str]) -> Callable[[dict[str, str]], str]:
    def read_key(headers: dict[str, str]) -> str:
        returned = _returned_key.get()
        return read(headers) if returned is None else returned

    return read_key


def _remembering_its_context(evaluate: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
    def evaluate_policy(policy: Any, method_arn: str) -> str:
        _evaluated_context.set(policy.get(_CONTEXT))
        return evaluate(policy, method_arn)

    return evaluate_policy


def _with_context(respond: Callable[[Any, dict[str, Any]], Response]) -> Callable[[Any, dict[str, Any]], Response]:
    def gateway_response(error: Any, request: dict[str, Any]) -> Response:
        status, headers, body = respond(error, request)
        known = _evaluated_context.get() or {}
        return (
            status,
            headers,
            _VARIABLE.sub(lambda found: known.get((found[1] or found[2]).decode(), "").encode(), body),
        )

    return gateway_response
