"""What Amazon Personalize defines for all its operations: limits, errors, ARNs and the rules for tags."""
