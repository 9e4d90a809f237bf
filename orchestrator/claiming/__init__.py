"""Which clone carries a mission out, said on its remote."""
