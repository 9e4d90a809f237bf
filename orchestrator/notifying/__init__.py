"""Who tells people what happens is a process beside the run: here it is begun, and looked after."""
