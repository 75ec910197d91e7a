"""How a definition sorts people, drawn: as a Mermaid diagram for pages, as lines of text for a terminal."""

from phm.cohorts.parts import LIST, Definition


def mermaid(definition: Definition, /) -> str:
    """The flow diagram as Mermaid text: who is looked at, then exclusions and tiers in their order."""
    ways = _ways(definition)
    lines = ["flowchart TD", f'  s0["{_quoted(definition.population_label)}"] --> s1']
    for number, (asked, answer) in enumerate(ways, 1):
        lines.append(f'  s{number}{{"{_quoted(asked)}"}} -- yes --> a{number}["{_quoted(answer)}"]')
        lines.append(f"  s{number} -- no --> s{number + 1}")
    lines.append(f'  s{len(ways) + 1}["No criterion met: not listed"]')
    return "\n".join(lines)


def drawn(definition: Definition, /) -> str:
    """The same as lines of text."""
    lines = [f"┌─ {definition.population_label}", "│"]
    lines += [f"├─ {asked}\n│    └─> {answer}" for asked, answer in _ways(definition)]
    return "\n".join([*lines, "│", "└─ No criterion met: not listed"])


def due_words(days: int) -> str:
    """When something is due.

    >>> due_words(0), due_words(1), due_words(14)
    ('the same day', 'in 1 day', 'in 14 days')
    """
    return "the same day" if days == 0 else f"in {days} day{'' if days == 1 else 's'}"


def _ways(definition: Definition) -> list[tuple[str, str]]:
    """Each question in order, and what becomes of whom it is true of."""
    left_out = [
        (
            exclusion.label,
            f"Left out; may go to: {definition.outputs[exclusion.output].title}" if exclusion.output else "Left out",
        )
        for exclusion in definition.exclusions
    ]
    listed = [
        (tier.title, f"Listed, {due_words(tier.due_days)}: {tier.action}") for tier in definition.outputs[LIST].tiers
    ]
    return left_out + listed


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")
