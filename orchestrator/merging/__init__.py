"""From a finished branch to the base: one at a time, in batches, or through the forge."""
