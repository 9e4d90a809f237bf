"""What is measured: the mission runner, and other ways to carry the same graph out."""
