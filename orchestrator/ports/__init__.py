"""What the rooms of the orchestrator hand to each other; the boundaries to engine and display."""
