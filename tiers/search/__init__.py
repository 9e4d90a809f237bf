"""Finding tasks and notes: by meaning where the storage has vectors, by words elsewhere."""
