"""`python -m agent` is `trunkwatch`."""

from agent.cli import main

main()
