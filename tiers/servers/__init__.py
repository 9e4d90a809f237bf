"""Servers of our own on loopback, which end when we do."""
