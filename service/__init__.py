"""What any caller may ask of a mission. Prints nothing, reads no environment, handles no signal."""
