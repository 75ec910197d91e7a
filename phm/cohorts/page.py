"""The page of a definition for a clinician: everything it says, in words, in the order in which it counts.

Belongs here: which sections the page has. The words of a condition are `wording`'s part, the diagram `flow`'s, the
hand-written people `assurance`'s.
"""

from collections.abc import Iterable, Iterator

from phm.cohorts.assurance import page_section
from phm.cohorts.cases import cases_file
from phm.cohorts.definition import library
from phm.cohorts.flow import drawn, due_words, mermaid
from phm.cohorts.parts import LIST, Definition, Output, Remark, Sentence, Setting, Tier
from phm.cohorts.templates import written
from phm.cohorts.wording import column_words, condition_words
from phm.expressions import Expression

_USES = {
    "practice": "a practice's own list of its own patients; opt-outs do not remove people",
    "linked": "linked data; opt-outs as the legal basis requires, only the practice re-identifies",
    "planning": "aggregates only, through the disclosure gate; there is no list of people",
}


def page(definition: Definition, /) -> str:
    """The page in Markdown: what `docs/cohorts/<id>.md` holds."""
    has_cases = definition.id in library() and cases_file(definition).exists()
    assurance = [page_section(definition)] if has_cases else []
    return _joined(
        f"<!-- Made by `phm cohorts show {definition.id} --markdown`: change the definition, not this page. -->",
        *_sections(definition, f"```mermaid\n{mermaid(definition)}\n```"),
        *assurance,
    )


def summary_page(definition: Definition, /) -> str:
    """The page for a terminal: its diagram drawn in text, without the hand-written people."""
    return _joined(*_sections(definition, f"```\n{drawn(definition)}\n```"))


def _joined(*sections: str) -> str:
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _sections(definition: Definition, diagram: str) -> Iterator[str]:
    main = definition.outputs[LIST]
    yield f"# {definition.title}"
    yield _bullets(
        f"Definition `{definition.id}`, version {definition.version}",
        f"Clinical sign-off: **{definition.clinical_sign_off}**",
        f"Use: `{definition.use}` ({_USES[definition.use]})",
    )
    yield definition.summary
    yield _bullets(*definition.notes)
    yield f"## Who is looked at\n\n**{definition.population_label}**: {_words(definition.population, definition)}."
    yield f"## The way people take\n\nAt each question, in this order; the first *yes* decides.\n\n{diagram}"
    yield f"## Who is left out, in this order\n\n{_numbered(_exclusions(definition))}"
    yield f"## Who is listed\n\nThe first tier that applies counts. {definition.advice}\n\n{_tiers(main, definition)}"
    yield from _remarks("Flags: what to bear in mind", main.flags, definition)
    yield from _remarks("Routes: where a person can be sent", main.routes, definition)
    yield f"## Order within a tier\n\n{_numbered(_ranking(definition))}"
    for output in definition.outputs.values():
        if output.id != LIST:
            yield f"## Separate output: {output.title}\n\n`{output.id}`\n\n{_tiers(output, definition)}"
    if definition.asks:
        asked = ", ".join(map(column_words, definition.asks))
        yield f"## What a practice answers\n\nContacted, declined and moved away, and: {asked}."
    if definition.cascade:
        how = "After listed and contacted, by answers or by records of later days:"
        yield f"## How far people get\n\n{how}\n\n{_bullets(*cascade_words(definition))}"
    if definition.holds:
        held = (f"{name.replace('_', ' ')}: {days} days" for name, days in definition.holds.items())
        yield f"## How long an outcome keeps a person off the next list\n\n{_bullets(*held)}"
    if definition.settings:
        yield f"## Thresholds a site can set\n\n{_settings(definition.settings.values())}"
    if definition.terms:
        yield f"## What the words between “ ” mean\n\n{_terms(definition)}"
    yield f"## Sources\n\n{_bullets(*definition.sources)}"
    yield f"## The conditions as they run\n\n```sql\n{_as_written(definition)}\n```"


def _words(expression: Expression, definition: Definition) -> str:
    return condition_words(expression, definition)


def _exclusions(definition: Definition) -> Iterator[str]:
    for exclusion in definition.exclusions:
        goes = f" Goes to the output *{definition.outputs[exclusion.output].title}*." if exclusion.output else ""
        yield f"**{exclusion.label}** (`{exclusion.id}`): {_words(exclusion.when, definition)}.{goes}"


def _tiers(output: Output, definition: Definition) -> str:
    rows = [
        (
            str(number),
            f"**{tier.title}** (`{tier.id}`)",
            _words(tier.when, definition),
            tier.action,
            tier.role.replace("_", " "),
            _due(tier),
        )
        for number, tier in enumerate(output.tiers, 1)
    ]
    reasons = [f"**{tier.title}**: {_reasons(tier.reasons, definition)}." for tier in output.tiers]
    table = _table(("", "tier", "who", "what to do", "by whom", "due"), rows)
    found = [
        f"**{tier.title}**: {tier.expected_found.percent:g}%. {tier.expected_found.source}"
        for tier in output.tiers
        if tier.expected_found
    ]
    expected = f"\n\nHow many are expected to have what is looked for:\n\n{_bullets(*found)}" if found else ""
    return f"{table}\n\nWhat an entry says of why it is there:\n\n{_bullets(*reasons)}{expected}"


def _due(tier: Tier) -> str:
    return due_words(tier.due_days)


def _reasons(reasons: Iterable[Sentence], definition: Definition) -> str:
    said = [
        f"“{reason.template.text}”" + (f" if {_words(reason.when, definition)}" if reason.when else "")
        for reason in reasons
    ]
    return "; ".join(said)


def _remarks(title: str, remarks: tuple[Remark, ...], definition: Definition) -> Iterator[str]:
    if remarks:
        said = [
            f"**{remark.template.text}** (`{remark.id}`) if {_words(remark.when, definition)}."
            + (f" Only in the tiers {', '.join(f'`{tier}`' for tier in remark.tiers)}." if remark.tiers else "")
            for remark in remarks
        ]
        yield f"## {title}\n\n{_bullets(*said)}"


def _ranking(definition: Definition) -> Iterator[str]:
    for key in definition.ranking:
        yield f"{_words(key.by, definition)}, {'highest' if key.descending else 'lowest'} first; empty ones last"


def cascade_words(definition: Definition, /) -> Iterator[str]:
    """Each step of the cascade, with what of a record shows it."""
    for step in definition.cascade:
        shown = [f"{column_words(name).removesuffix(' date')} after the day first listed" for name in step.dates]
        conditions = [" or ".join(shown), _words(step.when, definition) if step.when else ""]
        yield f"{step.id}: {step.means} ({' and '.join(filter(None, conditions)) or 'answers only'})"


def _settings(settings: Iterable[Setting]) -> str:
    rows = [
        (f"`{s.name}`", s.description, f"{_value(s.value)} {s.unit or ''}".strip(), setting_range(s), s.source)
        for s in settings
    ]
    return _table(("setting", "what it decides", "value", "can be", "source"), rows)


def _value(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else written(value, {}) or "none"


def setting_range(setting: Setting, /) -> str:
    """The values a site can give a setting."""
    if setting.values:
        return f"{'any of ' if isinstance(setting.value, tuple) else ''}{', '.join(setting.values)}"
    if isinstance(setting.value, bool):
        return "on, off"
    limits = [word for word in (_limit("from", setting.minimum), _limit("to", setting.maximum)) if word]
    return " ".join(limits) or "any"


def _limit(word: str, value: float | None) -> str:
    return "" if value is None else f"{word} {written(value, {})}"


def _terms(definition: Definition) -> str:
    return _table(
        ("", "means", "that is"),
        [(f"`{name}`", term.means, _words(term.when, definition)) for name, term in definition.terms.items()],
    )


def _as_written(definition: Definition) -> str:
    named = [(f"term {name}", term.when) for name, term in definition.terms.items()]
    named += [("population", definition.population)]
    named += [(f"exclusion {exclusion.id}", exclusion.when) for exclusion in definition.exclusions]
    for output in definition.outputs.values():
        named += [(f"tier {tier.id}", tier.when) for tier in output.tiers]
        named += [(f"flag {remark.id}", remark.when) for remark in output.flags]
        named += [(f"route {remark.id}", remark.when) for remark in output.routes]
    return "\n".join(f"-- {name}\n{when.text}" for name, when in named)


def _bullets(*items: str) -> str:
    return "\n".join(f"- {item}" for item in items)


def _numbered(items: Iterable[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1)) or "Nobody."


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    cells = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
