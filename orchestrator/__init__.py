"""The coordination loop: which task runs when, what an attempt goes through, who writes status.

No engine in here: Prefect comes in through the `Engine` protocol (`orchestrator.ports.engine`).
"""
