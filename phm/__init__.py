"""Population health management: practice registers in, case-finding lists and PCN comparisons out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("phm")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
