"""What files and the environment say about the tier, and where a service is."""
