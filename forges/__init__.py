"""Forges: one module each behind one Protocol; what they share stands beside them."""
