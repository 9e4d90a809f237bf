"""Pages that show missions, and take what a person decides: on `service` alone."""
