"""Whose connection it is that comes from this machine (proc_net_tcp(5))."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_OVER = "06"  # TIME_WAIT: nobody has that socket any more
_MAPPED = bytes(10) + b"\xff\xff"  # before an IPv4 address that stands in an IPv6 one

Ends = tuple[str, int]  # address and port


def can_tell() -> bool:
    """Whether this system says whose a connection is."""
    return all(os.access(table, os.R_OK) for table in _TABLES)


def is_own(client: Ends, server: Ends) -> bool:
    """Whether the user that we are has the other end of a connection on loopback.

    False too where it cannot be found: it is closed by now, or comes from elsewhere.
    """
    wanted = [
        [_written(end, mapped=mapped) for end in (client, server)] for mapped in (False, True)
    ]
    own = str(os.geteuid())
    for table in _TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        # number, its end, the other end, state, queues, timer, retransmits, user, probes, inode
        for row in map(str.split, lines):
            if row[1:3] in wanted and row[3] != _OVER and row[9] != "0":
                return row[7] == own
    return False


def _written(end: Ends, *, mapped: bool) -> str:
    """An address and a port as the table has them: words of 32 bits in this machine's order."""
    packed = ipaddress.ip_address(end[0]).packed
    if mapped and len(packed) == 4:
        packed = _MAPPED + packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    address = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    return f"{address}:{end[1]:04X}"
