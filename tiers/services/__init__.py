"""A tier's services on this machine: in containers, or stand-ins from pip and system packages."""
