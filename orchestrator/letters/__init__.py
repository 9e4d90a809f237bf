"""What people ask from other clones, and what these are shown."""
