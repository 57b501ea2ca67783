"""Removes from an account what the training workflow and AWS's services have created for an environment."""
