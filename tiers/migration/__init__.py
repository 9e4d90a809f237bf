"""Moving a `local` or `standalone` storage to the federated tier. One way.

`run.migrate` is the whole of it: a snapshot is copied out of the source, names and types are
transformed on the way, and each table lands in a staging table and then, by key, in its own place.
"""
