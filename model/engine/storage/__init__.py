"""The data of dataset groups and the resources of the control plane, on disk and in memory."""
