"""The loop of a run: one thread owns the board, sleeps on one queue, starts what is ready."""
