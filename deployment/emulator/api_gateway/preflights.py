"""Mock integrations: the response template, which may name the origin of a preflight request.

On AWS the template of an integration response is Velocity, and ``$context.responseOverride.header.<name>`` sets a
header. MiniStack sends the template's text. Here the directives by which a header of the request is compared with
listed values and repeated are evaluated; a template with another one is refused, as a wrong template is on AWS.
MiniStack also describes a mock integration with the HTTP method POST, so that Terraform would replace it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.services import apigateway_v1

from deployment.emulator.api_gateway.requests import request_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = tuple[int, dict[str, str], bytes]

_READ = re.compile(r'#set\(\$(\w+) = \$input\.params\(\)\.header\.get\("([\w-]+)"\)\)')
_OVERRIDE = re.compile(r"#set\(\$context\.responseOverride\.header\.([\w-]+) = \$(\w+)\)")
_IF = re.compile(r"#if\((.+)\)")
_IS_MISSING = re.compile(r"!\$(\w+)")
_EQUALS = re.compile(r'\$(\w+) == "([^"$]*)"')

_logger = logging.getLogger("api_gateway")


class TemplateError(ValueError):
    """A template has a directive that is not evaluated here."""


def install() -> None:
    """Override the mock integration."""
    apigateway_v1._invoke_mock_v1 = _evaluated(apigateway_v1._invoke_mock_v1)
    apigateway_v1._put_integration = _with_the_given_method(apigateway_v1._put_integration)


def overridden_headers(template: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a template sets for a request with these headers; names of headers ignore their case.

    Raises
    ------
    TemplateError
        Where a line is no directive of those that are evaluated, or an `#if` has no `#end`.
    """
    given = {name.lower(): value for name, value in headers.items()}
    variables: dict[str, str | None] = {}
    overrides: dict[str, str] = {}
    conditions: list[bool] = []
    for line in filter(None, map(str.strip, template.splitlines())):
        if line == "#end" and conditions:
            conditions.pop()
        elif match := _IF.fullmatch(line):
            conditions.append(any(_is_true(part.strip(), variables) for part in match[1].split("||")))
        elif match := _READ.fullmatch(line):
            # Velocity leaves a variable as it is where the value is null.
            if all(conditions) and (value := given.get(match[2].lower())) is not None:
                variables[match[1]] = value
        elif match := _OVERRIDE.fullmatch(line):
            if all(conditions):
                overrides[match[1]] = variables.get(match[2]) or ""
        else:
            raise TemplateError(line)
    if conditions:
        raise TemplateError("#if without #end")
    return overrides


def _is_true(condition: str, variables: Mapping[str, str | None]) -> bool:
    if match := _IS_MISSING.fullmatch(condition):
        return variables.get(match[1]) is None
    if match := _EQUALS.fullmatch(condition):
        return variables.get(match[1]) == match[2]
    raise TemplateError(condition)


def _evaluated(invoke: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Any]:
    def invoke_mock(integration: dict[str, Any]) -> Any:
        status, headers, body = invoke(integration)
        template = body.decode()
        if "#" in template:
            try:
                headers |= overridden_headers(template, request_headers())
            except TemplateError as error:
                _logger.warning("a response template has what is not evaluated: %s", error)
                return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
            body = b""
        return status, headers, b"" if status == HTTPStatus.NO_CONTENT else body

    return invoke_mock


def _with_the_given_method(put: Callable[..., Any]) -> Callable[..., Any]:
    def put_integration(api: str, resource: str, method: str, data: dict[str, Any]) -> Any:
        return put(api, resource, method, {"httpMethod": None, **data})

    return put_integration
