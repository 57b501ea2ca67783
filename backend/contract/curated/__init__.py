"""The curated tables of the lake, which Spark writes and analysts query: their columns, keys and rules."""

from backend.contract.curated.table import Column, Table
from backend.contract.curated.tables import TABLES

__all__ = ["TABLES", "Column", "Table"]
