"""The page "How far to trust verified", made from the verifier cards: figures against the bar, a reliability diagram,
the confusion matrix, what altered sentences get past a method, and claims that it judged wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from generator.manifest import cards

Card = dict[str, Any]

_LABELS = ("supported", "refuted", "not said")
_WORDS = {"SUPPORT": "supported", "REFUTE": "refuted", "NEI": "not said"}
_KINDS = {
    "identity": "nothing (true)",
    "paraphrase": "reworded (true)",
    "number": "a number",
    "direction": "a direction",
    "negation": "a negation",
    "entity": "a name",
    "comparison": "sides of a comparison",
    "overclaim": "a hedge dropped, a link made a cause",
    "unrelated": "sentence of another paper",
}
_SIDE, _LEFT, _TOP, _FOOT = 300, 58, 12, 46


def trust_page(known: Sequence[Card]) -> str:
    """HTML of the part of the page that follows from the newest card of each method, the default method first."""
    newest: dict[str, Card] = {}
    for card in known:
        newest[card["method"]] = card
    first = cards.default_method()
    order = sorted(newest, key=lambda name: (name != first, not newest[name]["meets_bar"], name))
    listed = [newest[name] for name in order]
    if not listed:
        return "<p>No verifier has a card yet.</p>"
    parts = [_against_the_bar(listed)]
    for card in listed:
        parts.append(_section(card))
    return "\n".join(parts)


def _against_the_bar(listed: Sequence[Card]) -> str:
    head = "".join(f'<th scope="col">{escape(card["method"])}</th>' for card in listed)
    rows = []
    for row in cards.bar():
        cells = []
        for card in listed:
            value = cards.figure(row, card)
            mark = "met" if cards.met(row, card) else "not met"
            cells.append(f"<td>{'not measured' if value is None else _figure(value)} <small>({mark})</small></td>")
        sign = {">=": "at least", "<=": "at most"}[row["comparison"]]
        rows.append(
            f'<tr><th scope="row">{escape(row["label"])}</th><td>{sign} {row["value"]:g}</td>{"".join(cells)}</tr>'
        )
    verdicts = "".join(f"<td>{'yes' if card['meets_bar'] else 'no'}</td>" for card in listed)
    rows.append(f'<tr><th scope="row">May its verdicts count as verified</th><td>all of these</td>{verdicts}</tr>')
    return _table(
        "Methods against the bar", f'<th scope="col">Figure</th><th scope="col">Bar</th>{head}', "".join(rows)
    )


def _section(card: Card) -> str:
    name = card["method"]
    parts = [
        f'<h2 id="{escape(name)}">{escape(name)}, version {escape(card["version"])}</h2>',
        f"<p>{escape(card['title'])}.</p>",
    ]
    if card["confusion"]:
        parts += [_diagram(card), _confusion(card)]
    altered = [(key, card["figures"].get(key, {}).get("by_kind")) for key in ("altered", "altered_unseen")]
    if any(by_kind for _, by_kind in altered):
        parts.append(_altered(card))
    citation = card["figures"]["citation"]
    if citation.get("balanced_accuracy") is not None:
        parts.append(
            f"<p>In another domain, citing statements against passages of the cited paper, its balanced accuracy is "
            f"{_figure(citation['balanced_accuracy'])} (0.5 is chance) and its calibration error "
            f"{_figure(citation['ece'])}: there, do not take its confidence at its word.</p>"
        )
    if card.get("examples"):
        parts.append(_examples(card))
    parts += [
        "<h3>What it cannot do</h3>",
        _list([escape(line) for line in card["limits"]]),
        "<h3>What it was fitted and measured on</h3>",
        _sets(card),
    ]
    path = f"../schemas/cards/{escape(name)}/{escape(card['version'])}.json"
    parts.append(f'<p><a href="{path}">The card as data</a></p>')
    return "\n".join(parts)


def _diagram(card: Card) -> str:
    """Confidence that the source supports the claim against how often it does: dots on the line are honest."""
    filled = [row for row in card["reliability"] if row["count"]]
    most = max(row["count"] for row in filled)

    def x(value: float) -> float:
        return round(_LEFT + value * _SIDE, 1)

    def y(value: float) -> float:
        return round(_TOP + (1 - value) * _SIDE, 1)

    ticks = "".join(
        f'<line class="grid" x1="{x(t)}" x2="{x(t)}" y1="{y(0)}" y2="{y(1)}"/>'
        f'<line class="grid" x1="{x(0)}" x2="{x(1)}" y1="{y(t)}" y2="{y(t)}"/>'
        f'<text x="{x(t)}" y="{y(0) + 17}" text-anchor="middle">{t:g}</text>'
        f'<text x="{x(0) - 7}" y="{y(t) + 4}" text-anchor="end">{t:g}</text>'
        for t in (0, 0.25, 0.5, 0.75, 1)
    )
    dots = "".join(
        f'<circle class="dot" cx="{x(row["mean_p"])}" cy="{y(row["share"])}" '
        f'r="{3 + 7 * (row["count"] / most) ** 0.5:.1f}"/>'
        for row in filled
    )
    line = " ".join(f"{x(row['mean_p'])},{y(row['share'])}" for row in filled)
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + _FOOT
    title = f"Reliability of {card['method']} on SciFact"
    figure = (
        f'<svg class="reliability" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}; the table below has the same numbers">{ticks}'
        f'<line class="ideal" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>'
        f'<polyline class="curve" points="{line}"/>{dots}'
        f'<text x="{x(0.5)}" y="{height - 8}" text-anchor="middle">stated probability of support</text>'
        f'<text x="14" y="{y(0.5)}" text-anchor="middle" transform="rotate(-90 14 {y(0.5)})">observed share</text>'
        f"</svg>"
    )
    rows = "".join(
        f"<tr><td>{row['from']:g} to {row['to']:g}</td><td>{row['count']}</td><td>{_figure(row['mean_p'])}</td>"
        f"<td>{_figure(row['share'])}</td></tr>"
        for row in filled
    )
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("Probability", "Pairs", "Stated, mean", "Supported in truth")
    )
    return (
        f"<h3>Is it as sure as it should be?</h3>\n<p>Each dot stands for pairs that got about the same probability of "
        f"support; its height is the share that people labelled as supported, its size their number. On the dashed "
        f"line the two are equal.</p>\n<figure>{figure}</figure>\n{_table(title, heads, rows)}"
    )


def _confusion(card: Card) -> str:
    heads = '<th scope="col">In truth</th>' + "".join(f'<th scope="col">judged {name}</th>' for name in _LABELS)
    rows = []
    for label, counts in zip(_LABELS, card["confusion"], strict=True):
        total = sum(counts)
        cells = "".join(
            f"<td>{count} <small>({count / total:.0%})</small></td>" if total else "<td>0</td>" for count in counts
        )
        rows.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    return "<h3>What it takes for what</h3>\n" + _table(
        f"Confusion matrix of {card['method']} on SciFact", heads, "".join(rows)
    )


def _altered(card: Card) -> str:
    figures = card["figures"]
    kinds = list(
        dict.fromkeys(kind for key in ("altered", "altered_unseen") for kind in figures[key].get("by_kind", {}))
    )
    kinds.sort(key=lambda kind: list(_KINDS).index(kind) if kind in _KINDS else len(_KINDS))
    rows = []
    for kind in kinds:
        cells = []
        for key in ("altered", "altered_unseen"):
            found = figures[key].get("by_kind", {}).get(kind)
            cells.append(f"<td>{found['accepted']:.1%} of {found['items']:g}</td>" if found else "<td>not tried</td>")
        rows.append(f'<tr><th scope="row">{escape(_KINDS.get(kind, kind))}</th>{"".join(cells)}</tr>')
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Altered", "Called supported", "Called supported, other rules")
    )
    return (
        "<h3>What gets past it</h3>\n<p>Sentences of real abstracts, with one thing altered, held against their own "
        "abstract. True ones should be called supported, all others not. The last column uses rules whose words stand "
        "in no list that the method or its training knows.</p>\n"
        + _table(f"Altered sentences called supported by {card['method']}", heads, "".join(rows))
    )


def _examples(card: Card) -> str:
    rows = "".join(
        f"<tr><td>{escape(item['claim'])}</td><td><code>{escape(item['source'])}</code></td>"
        f"<td>{_WORDS[item['expected']]}</td><td>{_WORDS[item['given']]} ({_figure(item['confidence'])})</td>"
        f"<td>{escape(' '.join(item['reasons']))}</td></tr>"
        for item in card["examples"]
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Claim", "Source", "In truth", "Judged", "Its reasons"))
    return (
        "<h3>Claims it judged wrongly</h3>\n<p>Claims written for this page about papers of the invented sample "
        "corpus, chosen to be hard. These are the ones that it got wrong.</p>\n"
        + _table(f"Errors of {card['method']}", heads, rows)
    )


def _sets(card: Card) -> str:
    rows = [("fitted", item) for item in card["trained_on"]] + [("measured", item) for item in card["measured_on"]]
    body = "".join(
        f"<tr><td>{use}</td><td>{escape(item['name'])}, {escape(item['part'])}</td>"
        f"<td>{item['items'] if item['items'] is not None else 'not counted'}</td><td>{escape(item['licence'])}</td>"
        f"<td>{escape(item.get('protocol', ''))}</td></tr>"
        for use, item in rows
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Use", "Data", "Items", "Licence", "Protocol"))
    return _table(f"Data of {card['method']}", heads, body)


def _table(caption: str, heads: str, rows: str) -> str:
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="facts">'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _figure(value: float) -> str:
    return f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.3f}"
