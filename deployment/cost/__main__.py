"""Prints what the pipeline costs in a month: ``python -m deployment.cost --traffic shop``; see ``--help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deployment.cost.prices import BASE_REGION, Prices
from deployment.cost.report import print_basis, print_costs, print_difference
from deployment.cost.services import price_services
from deployment.cost.stack import NotBilledError, read_environment, read_plan
from deployment.cost.traffic import read_traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = """examples:
  python -m deployment.cost                             dev, idle
  python -m deployment.cost --environment production    as its settings provision, idle
  python -m deployment.cost --traffic shop              a million events a day
  python -m deployment.cost --traffic my.toml           values as in deployment/cost/traffic.toml
  python -m deployment.terraform show -json plan.tfplan > plan.json
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
    parser.add_argument("--environment", default="dev", help="an environment, by its settings (%(default)s)")
    parser.add_argument("--plan", type=Path, help="the plan of an environment, from terraform show -json")
    parser.add_argument("--region", help="of the prices (default: the environment's); us-east-1's where none is known")
    parser.add_argument("--prices", type=Path, help="a TOML file whose [prices] replace those of deployment/cost")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown, for a comment")
    options = parser.parse_args(arguments)
    try:
        traffic = read_traffic(options.traffic)
        before, after = read_plan(options.plan) if options.plan else (None, read_environment(options.environment))
        prices = Prices.load(options.region or after.region or BASE_REGION, options.prices)
    except NotBilledError as note:
        sys.stdout.write(f"{note}\n")
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    costs = price_services(traffic, after, prices)
    if options.plan:
        earlier = dict.fromkeys(costs, 0.0) if before is None else price_services(traffic, before, prices)
        print_difference(earlier, costs, options.traffic, prices, markdown=options.markdown)
    else:
        print_costs(costs, traffic, prices, markdown=options.markdown)
    print_basis(traffic, after, prices)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
