"""Moto's server, with answers where Moto stops Terraform: ``server.py --port PORT``.

Runs in the environment `moto`. Moto 5.2.5 answers 500 to five actions, which the provider retries before it fails, so
that every later difference stays unseen: two for each state machine, two for each budget, one for a function that may
invoke itself. And it denies every read of a bucket whose policy denies requests without TLS, since it evaluates no
conditions.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths
from moto.budgets.responses import BudgetsResponse
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.server import main
from moto.stepfunctions.responses import StepFunctionResponse


def _answer(**members: Any) -> Any:
    return lambda _: (200, {}, json.dumps(members))


StepFunctionResponse.validate_state_machine_definition = _answer(result="OK", diagnostics=[])
StepFunctionResponse.list_state_machine_versions = _answer(stateMachineVersions=[])
BudgetsResponse.describe_subscribers_for_notification = _answer(Subscribers=[])
BudgetsResponse.list_tags_for_resource = _answer(ResourceTags=[])
for _action in ("get", "put", "delete"):
    setattr(LambdaResponse, f"{_action}_function_recursion_config", _answer(RecursiveLoop="Allow"))
url_paths[r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[^/]+)/recursion-config$"] = LambdaResponse.dispatch
FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL

if __name__ == "__main__":
    main(["--host", "127.0.0.1", *sys.argv[1:]])
