"""The steps of a deployment, which the workflows in ``.github/workflows`` run in this order."""
