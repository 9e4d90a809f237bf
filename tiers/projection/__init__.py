"""The runner's journal, copied into the storage, where several orchestrators share one place.

`TASKS.md` stays the truth of status and the journal that of what was tried; these are copies.
"""
