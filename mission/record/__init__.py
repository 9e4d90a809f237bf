"""What another clone needs to go on with a mission: to files, and from files. Pure.

The files go along with the claim on the remote (`record/…`). Whoever can push there wrote them, so
what is read is checked: sizes, types, words. Nothing in it is bound to a machine.
"""
