"""The read-only API of a tier: what workers and dashboards see. No route writes."""
