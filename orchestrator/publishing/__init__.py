"""What a run tells the repository and the forge: status commits, reports, closed issues."""
