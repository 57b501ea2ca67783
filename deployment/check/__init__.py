"""Everything that is checked without running the product: `make check`."""
