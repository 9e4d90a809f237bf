"""Whether a row may start now: budgets, resting providers, delays."""
