"""What changed between two definitions, in a clinician's words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from phm.cohorts.flow import due_words
from phm.cohorts.page import cascade_words, setting_range
from phm.cohorts.parts import LIST, Definition, Exclusion, Output, Remark, Setting, Tier
from phm.cohorts.templates import written
from phm.cohorts.wording import column_words, condition_words
from phm.expressions import Expression

_TEXTS = {
    "title": "Title", "version": "Version", "summary": "Summary", "use": "Use", "clinical_sign_off": "Sign-off",
    "advice": "Advice",
}  # fmt: skip


def differences(before: Definition, after: Definition, /) -> tuple[str, ...]:
    """One sentence for each thing that differs, in the order of a definition's page; none where nothing does.

    Settings are compared as the definitions would be used, defaults or a site's own values.
    """
    return tuple(_Comparison(before, after).sentences())


class _Comparison:
    def __init__(self, before: Definition, after: Definition) -> None:
        self.before, self.after = before, after

    def sentences(self) -> Iterator[str]:
        before, after = self.before, self.after
        for name, word in _TEXTS.items():
            yield from _changed(word, getattr(before, name), getattr(after, name))
        for word, old, new in (("Note", before.notes, after.notes), ("Source", before.sources, after.sources)):
            yield from (f"{word} taken out: {text}" for text in old if text not in new)
            yield from (f"{word} added: {text}" for text in new if text not in old)
        yield from self._named("Setting", before.settings, after.settings, self._setting, _setting_words)
        yield from self._named("Term", before.terms, after.terms, self._term, lambda term: term.means)
        yield from _changed("Population is called", before.population_label, after.population_label)
        yield from self._conditions("Population", before.population, after.population)
        exclusions = [{exclusion.id: exclusion for exclusion in d.exclusions} for d in (before, after)]
        yield from self._named("Exclusion", *exclusions, self._exclusion, lambda exclusion: exclusion.label)
        yield from _reordered("Exclusions", *exclusions)
        yield from self._named("Output", before.outputs, after.outputs, self._output, lambda output: output.title)
        ranking = [[(k.by.text, "highest" if k.descending else "lowest") for k in d.ranking] for d in (before, after)]
        yield from _changed("Order within a tier", *[", ".join(f"{by} ({end})" for by, end in r) for r in ranking])
        words = [", ".join(f"{name} as {word}" for name, word in d.words.items()) for d in (before, after)]
        yield from _changed("Words for values", *words)
        asks = [", ".join(map(column_words, d.asks)) for d in (before, after)]
        yield from _changed("The form asks for", *asks)
        cascade = ["; ".join(cascade_words(d)) for d in (before, after)]
        yield from _changed("How far people get", *cascade)
        holds = [", ".join(f"{name} {days} days" for name, days in d.holds.items()) for d in (before, after)]
        yield from _changed("Outcomes keep off the next list", *holds)

    @staticmethod
    def _named(
        kind: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        compare: Callable[[str, Any, Any], Iterator[str]],
        words: Callable[[Any], str],
    ) -> Iterator[str]:
        """What left, what came, and how what stayed changed."""
        yield from (
            f"{kind} {name} taken out: {_bare(words(old))}." for name, old in before.items() if name not in after
        )
        for name, new in after.items():
            if name in before:
                yield from compare(f"{kind} {name}", before[name], new)
            else:
                yield f"{kind} {name} added: {_bare(words(new))}."

    def _conditions(self, what: str, before: Expression | None, after: Expression | None) -> Iterator[str]:
        """Two conditions compared as written; a setting's value and a term's words are compared in their own place."""
        if (before and before.text) != (after and after.text):
            old, new = _condition(before, self.before), _condition(after, self.after)
            yield f"{what}: was {old}; is {new}."

    def _setting(self, what: str, before: Setting, after: Setting) -> Iterator[str]:
        yield from _changed(what, _setting_words(before), _setting_words(after))
        yield from _changed(f"{what} can be", setting_range(before), setting_range(after))
        yield from _changed(f"{what} decides", before.description, after.description)
        yield from _changed(f"{what}, source", before.source, after.source)

    def _term(self, what: str, before: Any, after: Any) -> Iterator[str]:
        yield from _changed(f"{what} means", before.means, after.means)
        yield from self._conditions(what, before.when, after.when)

    def _exclusion(self, what: str, before: Exclusion, after: Exclusion) -> Iterator[str]:
        yield from _changed(f"{what} is called", before.label, after.label)
        yield from self._conditions(what, before.when, after.when)
        yield from _changed(f"{what} goes to", before.output or "no output", after.output or "no output")

    def _output(self, what: str, before: Output, after: Output) -> Iterator[str]:
        place = "" if after.id == LIST else f" of {after.id}"
        if after.id != LIST:
            yield from _changed(f"{what}, title", before.title, after.title)
        tiers = [{tier.id: tier for tier in output.tiers} for output in (before, after)]
        yield from self._named(f"Tier{place}", *tiers, self._tier, _tier_words)
        yield from _reordered(f"Tiers{place}", *tiers)
        for kind, old, new in (("Flag", before.flags, after.flags), ("Route", before.routes, after.routes)):
            remarks = [{remark.id: remark for remark in group} for group in (old, new)]
            yield from self._named(kind, *remarks, self._remark, lambda remark: remark.template.text)
            yield from _reordered(f"{kind}s", *remarks)

    def _tier(self, what: str, before: Tier, after: Tier) -> Iterator[str]:
        yield from _changed(f"{what} is called", before.title, after.title)
        yield from self._conditions(what, before.when, after.when)
        yield from _changed(f"{what}, what to do", before.action, after.action)
        yield from _changed(f"{what} is due", due_words(before.due_days), due_words(after.due_days))
        yield from _changed(f"{what} is for", before.role, after.role)
        yield from _changed(f"{what}, expected found", _found_words(before), _found_words(after))
        reasons = [
            "; ".join(f"“{r.template.text}”{f' if {r.when.text}' if r.when else ''}" for r in tier.reasons)
            for tier in (before, after)
        ]
        yield from _changed(f"{what} gives as reasons", *reasons)

    def _remark(self, what: str, before: Remark, after: Remark) -> Iterator[str]:
        yield from _changed(f"{what} says", before.template.text, after.template.text)
        yield from self._conditions(what, before.when, after.when)
        tiers = [", ".join(remark.tiers) or "all" for remark in (before, after)]
        yield from _changed(f"{what}, tiers", *tiers)
        yield from _changed(f"{what}, kinds of asset", ", ".join(before.assets), ", ".join(after.assets))


def _changed(what: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{what}: was {_bare(before)}; is {_bare(after)}."


def _bare(text: str) -> str:
    """A text without its full stop, to stand within a sentence."""
    return text.removesuffix(".") or "empty"


def _reordered(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The order of those that stayed; who is asked first counts."""
    old = [name for name in before if name in after]
    new = [name for name in after if name in before]
    if old != new:
        yield f"{what} in another order: was {', '.join(old)}; is {', '.join(new)}."


def _condition(expression: Expression | None, definition: Definition) -> str:
    return condition_words(expression, definition) if expression else "always"


def _setting_words(setting: Setting) -> str:
    value = ("on" if setting.value else "off") if isinstance(setting.value, bool) else written(setting.value, {})
    return f"{value} {setting.unit or ''}".strip()


def _found_words(tier: Tier) -> str:
    found = tier.expected_found
    return f"{found.percent:g}% ({found.source})" if found else ""


def _tier_words(tier: Tier) -> str:
    return f"{tier.title}, {due_words(tier.due_days)}: {tier.action}"
