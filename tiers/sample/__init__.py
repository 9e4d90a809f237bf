"""A storage as an older gateway, written in camelCase, leaves it: to move it and to compare."""
