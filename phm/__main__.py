"""`python -m phm`: the same as the `phm` command."""

from phm.cli import main

if __name__ == "__main__":
    main()
