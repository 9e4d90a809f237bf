"""A tier's services on this machine: in containers, or embedded, from pip and system packages."""
