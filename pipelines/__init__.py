"""Dagster over the library: assets that read, call one `phm` function, write and return metadata."""
