"""What each page shows, as values: templates, JSON and plain text are made of the same ones."""
