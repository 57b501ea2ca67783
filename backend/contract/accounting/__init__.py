"""How events are accounted for: the outcomes that each stage counts."""
