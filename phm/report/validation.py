"""The findings of `phm validate` as one page for the supplier: it opens offline and holds no value of any row."""

from phm.feeds.validation import Validation
from phm.report.rendering import render


def build_validation_page(found: Validation, /) -> str:
    """The whole page as HTML: what does not hold first, then everything that was looked at."""
    return render(
        "validation.html.j2",
        contract=found.contract,
        reference_date=found.reference_date,
        sentences=found.sentences,
        broken=found.broken,
        to_look_at=any(r.status == "failed" for r in found.results),
        results=sorted(found.results, key=lambda r: (r.status == "passed", r.severity != "error")),
        shifts=sorted(found.shifts, key=lambda s: not s.is_beyond),
        files=found.landing.files,
    )
