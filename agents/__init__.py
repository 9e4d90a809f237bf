"""Coding-agent tools: one module for each, behind one Protocol."""
