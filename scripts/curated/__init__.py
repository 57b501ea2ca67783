"""The curated tables: one row per event, and the visits, exposures, conversions and days that follow from it."""
