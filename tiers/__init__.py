"""Storage tiers: which services a mission's storage runs on, and whether they are there."""
