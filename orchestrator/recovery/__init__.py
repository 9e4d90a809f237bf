"""What earlier runs left, and what the base holds: made to agree before anything is dispatched."""
