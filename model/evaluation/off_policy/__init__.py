"""Off-policy evaluation: a recipe's reward, estimated from a log of what another policy showed."""
