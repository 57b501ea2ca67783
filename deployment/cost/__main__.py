"""Prints what the pipeline costs in a month: ``python -m deployment.cost --traffic shop``; see ``--help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deployment.cost.prices import Prices
from deployment.cost.report import print_costs, print_difference
from deployment.cost.services import price_services
from deployment.cost.stack import Stack, declared_campaigns, read_environment, read_plan
from deployment.cost.traffic import read_traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = """examples:
  python -m deployment.cost                             an idle environment with the declared campaigns
  python -m deployment.cost --environment production    as its settings provision, idle
  python -m deployment.cost --traffic shop              a million events a day
  python -m deployment.cost --traffic my.toml           values as in deployment/cost/traffic.toml
  terraform show -json plan.tfplan > plan.json
  python -m deployment.cost --plan plan.json            what a plan changes"""


def main(arguments: Sequence[str]) -> int:
    """Print the costs; return 0, or 2 where a file or a value is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment.cost",
        description="Costs in USD a month at list prices, by service, and break-evens of campaigns and our engine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--traffic", default="idle", help="idle (default), shop, large, or a TOML file")
    parser.add_argument("--environment", help="settings of an environment, such as dev (default: those declared)")
    parser.add_argument("--plan", type=Path, help="the plan of an environment, from terraform show -json")
    parser.add_argument(
        "--region", default="eu-central-1", help="prices of us-east-1 where none is known (%(default)s)"
    )
    parser.add_argument("--prices", type=Path, help="a TOML file whose [prices] replace those of deployment/cost")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown, for a comment")
    options = parser.parse_args(arguments)
    try:
        prices = Prices.load(options.region, options.prices)
        traffic = read_traffic(options.traffic)
        before, after = read_plan(options.plan) if options.plan else (None, _stack(options.environment))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    costs = price_services(traffic, after, prices)
    if options.plan:
        earlier = dict.fromkeys(costs, 0.0) if before is None else price_services(traffic, before, prices)
        print_difference(earlier, costs, options.traffic, prices, markdown=options.markdown)
    else:
        print_costs(costs, traffic, prices, markdown=options.markdown)
    return 0


def _stack(environment: str | None) -> Stack:
    return Stack(declared_campaigns()) if environment is None else read_environment(environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
