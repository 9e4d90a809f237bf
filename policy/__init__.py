"""Decisions without an effect: the clock, the dice and the facts are given."""
