"""`python -m cli` is `mission`."""

from cli.main import main

main()
