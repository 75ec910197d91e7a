"""How often Python looks for garbage that counting references does not find."""

import gc


def collect_seldom() -> None:
    """Look for objects that refer to each other in circles after 10,000 new ones, where Python begins at 700.

    Expressions and workbooks are made of many small objects that live until their work is done: looking at them again
    and again took a tenth of a run of the sample and a fifth of writing workbooks, and found next to nothing.
    """
    gc.set_threshold(10_000, 20, 100)
