"""Executions: what visitors choose and state is stored, and after that the campaign is asked for their items."""
