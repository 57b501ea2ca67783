"""Data sets: Avro schemas, CSV files, values and columns, and the training data made from them."""
