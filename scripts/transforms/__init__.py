"""The data sets as functions of the lake: DataFrame in, DataFrame out, no reading and no writing."""
