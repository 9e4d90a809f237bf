"""Agents that work elsewhere: the errand that goes out, the worker, what comes back."""
