"""What the operations of all resources share: kinds, rules, pages of lists, tags."""
