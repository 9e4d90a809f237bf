"""A mission on disk: its configuration, its journal, the state machine, and the errors."""
