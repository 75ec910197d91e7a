"""Groups of commands of `phm`, one module each; every module holds a Typer `app`."""
