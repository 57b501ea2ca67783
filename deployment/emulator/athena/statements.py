"""Statements by kind, and their results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from deployment.emulator.athena import dialect
from deployment.emulator.athena.errors import RequestRefusedError

if TYPE_CHECKING:
    from deployment.emulator.athena.queries import Session
    from deployment.emulator.athena.results import Result

DDL, DML, UTILITY = "DDL", "DML", "UTILITY"
IDENTIFIER = r'(?:"[^"]+"|`[^`]+`|[\w]+)'
NAME = rf"(?:{IDENTIFIER}\.)?(?:{IDENTIFIER}\.)?{IDENTIFIER}"
# Statements other than queries that sqlglot does not parse.
COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("UNLOAD", DML, r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<location>[^']*)'\s*(?:WITH\s*\((?P<options>.*)\))?"),
    ("PREPARE", DDL, rf"PREPARE\s+(?P<name>{IDENTIFIER})\s+FROM\s+(?P<query>.*)"),
    ("EXECUTE", DML, rf"EXECUTE\s+(?P<name>{IDENTIFIER})(?:\s+USING\s+(?P<values>.*))?"),
    ("DEALLOCATE", DDL, rf"DEALLOCATE\s+PREPARE\s+(?P<name>{IDENTIFIER})"),
    ("MSCK", DDL, rf"MSCK\s+REPAIR\s+TABLE\s+(?P<name>{NAME})"),
    ("ADD_PARTITION", DDL, (rf"ALTER\s+TABLE\s+(?P<name>{NAME})\s+ADD\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?"
     r"(?P<partitions>PARTITION\b.*)")),
    ("DROP_PARTITION", DDL, (rf"ALTER\s+TABLE\s+(?P<name>{NAME})\s+DROP\s+(?P<lenient>IF\s+EXISTS\s+)?"
     r"(?P<partitions>PARTITION\b.*)")),
    ("CREATE_DATABASE", DDL, (rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?"
     rf"(?P<name>{IDENTIFIER})"
     r"(?:\s+COMMENT\s+'(?P<comment>[^']*)')?(?:\s+LOCATION\s+'(?P<location>[^']*)')?.*")),
    ("DROP_DATABASE", DDL, (rf"DROP\s+(?:DATABASE|SCHEMA)\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<name>{IDENTIFIER})"
     r"\s*(?P<cascade>CASCADE|RESTRICT)?")),
    ("DROP_TABLE", DDL, rf"DROP\s+TABLE\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<name>{NAME})"),
    ("DROP_VIEW", DDL, rf"DROP\s+VIEW\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<name>{NAME})"),
    ("CREATE_VIEW", DDL, rf"CREATE\s+(?P<replaces>OR\s+REPLACE\s+)?VIEW\s+(?P<name>{NAME})\s+AS\s+(?P<query>.*)"),
    ("SHOW_DATABASES", UTILITY, r"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+LIKE)?(?:\s+'(?P<pattern>[^']*)')?"),
    ("SHOW_TABLES", UTILITY, (rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<database>{IDENTIFIER}))?"
     r"(?:\s+'(?P<pattern>[^']*)')?")),
    ("SHOW_VIEWS", UTILITY, (rf"SHOW\s+VIEWS(?:\s+(?:IN|FROM)\s+(?P<database>{IDENTIFIER}))?"
     r"(?:\s+LIKE)?(?:\s+'(?P<pattern>[^']*)')?")),
    ("SHOW_COLUMNS", UTILITY, (rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<name>{NAME})"
     rf"(?:\s+(?:IN|FROM)\s+(?P<database>{IDENTIFIER}))?")),
    ("SHOW_PARTITIONS", UTILITY, rf"SHOW\s+PARTITIONS\s+(?P<name>{NAME})"),
    ("SHOW_CREATE", UTILITY, rf"SHOW\s+CREATE\s+(?:TABLE|VIEW)\s+(?P<name>{NAME})"),
    ("DESCRIBE", UTILITY, rf"(?:DESCRIBE|DESC)\s+(?:EXTENDED\s+|FORMATTED\s+)?(?P<name>{NAME})"),
)  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One statement.

    Parameters
    ----------
    kind
        ``SELECT``, ``INSERT``, ``CREATE_TABLE``, ``CREATE_TABLE_AS_SELECT`` or a command's name.
    type
        Athena's ``StatementType``.
    text
        Its text, without leading comments and the final semicolon.
    tree
        The parsed statement; None for a command.
    """

    kind: str
    type: str
    text: str
    tree: exp.Expression | None = None
    parts: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """The result of a statement.

    Parameters
    ----------
    result
        Columns and rows; None for a statement without any.
    written
        URIs of the objects that it wrote, for the manifest; None for a statement that writes no data.
    """

    result: Result | None = None
    scanned_bytes: int = 0
    written: list[str] | None = None
    rows_written: int = 0


@dataclass(frozen=True)
class Run:
    """The context of a statement other than a query; the location of its results ends with a slash."""

    session: Session
    workgroup: str
    query_id: str
    output_location: str
    scratch: str


def read(query: str) -> Statement:
    """Parse a query string into a statement; ``MALFORMED_QUERY`` if it is not a statement of Athena."""
    text = re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", query, flags=re.DOTALL).rstrip().rstrip(";").rstrip()
    for kind, statement_type, pattern in COMMANDS:
        if match := re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL):
            return Statement(kind, statement_type, text, parts=match.groupdict())
    tree = dialect.parse(text)
    if isinstance(tree, exp.Insert):
        return Statement("INSERT", DML, text, tree)
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "TABLE":
        is_select = isinstance(tree.expression, exp.Query)
        return Statement("CREATE_TABLE_AS_SELECT" if is_select else "CREATE_TABLE", DDL, text, tree)
    if isinstance(tree, exp.Query):
        return Statement("SELECT", DML, text, tree)
    raise RequestRefusedError("Queries of this type are not supported", "MALFORMED_QUERY")


def unquoted(name: str) -> str:
    """Return an identifier as the catalogue stores it: without quotes, in lower case."""
    return name.strip().strip('"`').lower()


def database_and_table(name: str, database: str) -> tuple[str, str]:
    """Split ``[catalog.][database.]table``; the database defaults to the session's."""
    parts = [unquoted(part) for part in re.findall(IDENTIFIER, name)]
    return (parts[-2] if len(parts) > 1 else database.lower()), parts[-1]
