"""The curated tables, for Terraform's catalogue and for the Spark job, whose archive holds no contract."""

from __future__ import annotations

import json
from dataclasses import asdict

from backend.contract.curated import TABLES, rules


def catalogue() -> str:
    """Return each table's description, partition and columns, which Terraform declares in the Glue catalogue."""
    tables = {
        table.name: {
            "description": table.description,
            "partition": table.partition,
            "columns": [asdict(column) for column in table.columns],
        }
        for table in TABLES
    }
    return json.dumps(tables, indent=2, ensure_ascii=False) + "\n"


def module() -> str:
    """Return the Python module with the columns of each table, as Spark's types, and the rules."""
    lines = [
        '"""The curated tables and their rules, generated from backend.contract.curated: do not edit."""',
        "",
        "COLUMNS = {",
    ]
    for table in TABLES:
        lines.append(f'    "{table.name}": {{')
        lines += [f'        "{column.name}": "{column.type}",' for column in table.columns]
        lines.append("    },")
    lines += ["}", '"""Hive type of each column by table; the column of the partition is not among them."""', ""]
    lines.append("PARTITIONS = {")
    lines += [f'    "{table.name}": {json.dumps(table.partition)},'.replace("null", "None") for table in TABLES]
    lines += ["}", ""]
    for name in (name for name in vars(rules) if name.isupper()):
        value = getattr(rules, name)
        if isinstance(value, dict):
            lines += [f"{name} = {{", *(f'    "{key}": {number},' for key, number in value.items()), "}"]
        else:
            lines.append(f"{name} = {value:_}".replace("e+", "e"))
    return "\n".join(lines) + "\n"
