"""This machine: child processes, git, worktrees, squash merges."""
