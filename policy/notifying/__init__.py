"""What people are told of a mission, when, and in which words. Pure: no clock, no files."""
