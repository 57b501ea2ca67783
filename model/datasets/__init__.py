"""Datasets: Avro schemas, CSV files, values and columns, and the training data of recipes."""
