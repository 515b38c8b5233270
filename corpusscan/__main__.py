"""`python -m corpusscan` is the command `corpusscan`."""

from corpusscan.cli import main

main()
