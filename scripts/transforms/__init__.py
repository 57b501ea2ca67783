"""Pure functions from DataFrames of the lake to DataFrames of the data sets, without input or output."""
