"""Tables of the Glue catalogue as DuckDB reads them: partitions, projection, column types, and files."""
