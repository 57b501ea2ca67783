"""The Python that runs in Lambda: a package per verb, and the contract that they share."""
