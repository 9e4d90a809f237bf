"""When a mission will be done, and what it will cost: its run, played many times on a clock that
is not waited for, by the rules that real runs follow."""
