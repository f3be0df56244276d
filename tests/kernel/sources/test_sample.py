"""The bundled sample corpus: plainly invented, and odd exactly where its README says so."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from generator.kernel.sources import sample
from generator.kernel.sources.atom import FeedError
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.sample import corpus_sha256, load_sample_corpus

FEEDS = [
    "adolescent-sleep.xml",
    "expert-routing.xml",
    "perovskite-stability.xml",
    "retrieval-hallucination.xml",
    "urban-heat.xml",
]
LABEL = "Invented paper of the bundled sample corpus; not a real publication."
TWO_VERSIONS = {"SAMPLE-A14", "SAMPLE-B12", "SAMPLE-B16", "SAMPLE-C14", "SAMPLE-D14", "SAMPLE-E14"}
NEAR_COPIES = {("A02", "A15"), ("B01", "B13"), ("C01", "C15"), ("D01", "D15"), ("E01", "E15")}


def texts() -> dict[str, str]:
    folder = files("generator.kernel.sources") / "sample"
    return {item.name: item.read_text("utf-8") for item in folder.iterdir() if item.name.endswith(".xml")}


def similar(papers: tuple[Paper, ...], least: float) -> Iterator[tuple[Paper, Paper]]:
    """Yield the pairs whose title and abstract have a TF-IDF cosine of at least `least` (0 to 1)."""
    rows = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(f"{paper.title} {paper.abstract}" for paper in papers)
    cosine = (rows @ rows.T).toarray()
    for one, two in itertools.combinations(range(len(papers)), 2):
        if cosine[one, two] >= least:
            yield papers[one], papers[two]


def test_size_and_topics() -> None:
    papers = load_sample_corpus()
    assert sorted(texts()) == FEEDS
    assert len(papers) == 96 >= 80
    assert Counter(paper.id[7] for paper in papers) == {"A": 19, "B": 20, "C": 19, "D": 19, "E": 19}
    assert len({paper.id for paper in papers}) == 90


def test_order_is_by_feed_name_then_as_in_the_feed() -> None:
    in_files = [url for name in FEEDS for url in re.findall(r"<id>(\S+/abs/\S+)</id>", texts()[name])]
    assert [paper.url for paper in load_sample_corpus()] == in_files


def test_everything_is_labelled_as_invented() -> None:
    for paper in load_sample_corpus():
        assert paper.comment is not None
        assert paper.comment.endswith(LABEL), paper.url
        assert paper.origin == "sample-corpus"
    for name, text in texts().items():
        assert re.search(r"<title>(.*)</title>", text)[1].endswith(LABEL), name  # type: ignore[index]


def test_addresses_are_of_a_domain_that_never_exists() -> None:
    for paper in load_sample_corpus():
        assert paper.url == f"https://sample.invalid/abs/{paper.id}v{paper.version}"
        assert re.fullmatch(r"SAMPLE-[A-E](0[1-9]|1[0-8])", paper.id)
        assert paper.doi is None or paper.doi.startswith("10.5555/")
    for text in texts().values():
        links = re.findall(r'<link\b[^>]*\bhref="([^"]*)"', text)
        assert all(link.startswith(("https://sample.invalid/", "https://doi.org/10.5555/")) for link in links)
        assert "arxiv.org/abs" not in text


def test_id_and_version_are_unique() -> None:
    versions: dict[str, list[int | None]] = {}
    for paper in load_sample_corpus():
        versions.setdefault(paper.id, []).append(paper.version)
    assert {paper_id for paper_id, found in versions.items() if found == [1, 2]} == TWO_VERSIONS
    assert versions.pop("SAMPLE-D16") == [2]
    assert all(found in ([1], [1, 2]) for found in versions.values())


def test_whitespace_is_folded_and_was_there_to_fold() -> None:
    for paper in load_sample_corpus():
        for text in (paper.title, paper.abstract, paper.comment or "", *paper.authors):
            assert text == " ".join(text.split())
    assert all(re.search(r"<summary>  \S[^<]*\n\S", text) for text in texts().values())


def test_abstracts_have_five_to_nine_sentences() -> None:
    for paper in load_sample_corpus():
        plain = re.sub(r"\b(e\.g|i\.e|vs|Fig|et al|approx)\.", r"\1", paper.abstract)
        assert 5 <= len(re.findall(r"[.?!](?=\s+[A-Z0-9]|$)", plain)) <= 9, paper.url


def test_dates_lie_in_the_promised_years() -> None:
    for paper in load_sample_corpus():
        assert paper.published is not None
        assert paper.updated is not None
        assert "2021" <= paper.published[:4] <= paper.updated[:4] <= "2026"
        assert (paper.published == paper.updated) == (paper.version == 1)


def test_withdrawn_papers() -> None:
    withdrawn = [paper for paper in load_sample_corpus() if paper.withdrawn]
    assert [(paper.id, paper.version) for paper in withdrawn] == [("SAMPLE-B16", 2), ("SAMPLE-D16", 2)]
    for paper in withdrawn:
        assert paper.comment is not None
        assert paper.comment.startswith("Withdrawn by the authors: ")
        assert paper.abstract.startswith("This paper has been withdrawn")


def test_near_duplicates_are_those_of_the_readme_and_no_others() -> None:
    found = list(similar(load_sample_corpus(), 0.6))
    versions = {one.id for one, two in found if one.id == two.id}
    assert versions == TWO_VERSIONS - {"SAMPLE-B16"}, "the withdrawal replaced the abstract"
    copies = {(one.id[7:], two.id[7:]) for one, two in found if one.id != two.id}
    assert copies == NEAR_COPIES
    assert all(one.abstract != two.abstract for one, two in found)


def test_no_abstract_is_another_with_new_numbers() -> None:
    listed = {(f"SAMPLE-{one}", f"SAMPLE-{two}") for one, two in NEAR_COPIES}
    shapes: dict[str, str] = {}
    for paper in load_sample_corpus():
        for sentence in re.split(r"(?<=[.?!]) (?=[A-Z])", re.sub(r"\d[\d.,]*", "#", paper.abstract)):
            first = shapes.setdefault(sentence, paper.id)
            allowed = first == paper.id or (first, paper.id) in listed or sentence.startswith("This paper has been")
            assert allowed or len(sentence) < 50, (first, paper.id, sentence)


def test_hard_text_is_there_and_unharmed() -> None:
    everything = " ".join(paper.abstract for paper in load_sample_corpus())
    for hard in ("$O(n \\log n)$", "$p < 0.05$", "e.g.,", "i.e.,", "vs.", "Fig. 3", "±", "µ", "°C", "%", ";", "–", "ç"):
        assert hard in everything, hard
    assert "10^{-3}" in everything
    names = " ".join(name for paper in load_sample_corpus() for name in paper.authors)
    assert {"ö", "ä", "ø", "é"} <= set(names)


@pytest.mark.parametrize("topic", "ABCDE")
def test_each_topic_has_papers_off_the_question(topic: str) -> None:
    noise = [paper for paper in load_sample_corpus() if paper.id in (f"SAMPLE-{topic}17", f"SAMPLE-{topic}18")]
    assert len(noise) == 2


@pytest.mark.parametrize(
    ("words", "least"),
    [
        (r"auxiliary-loss-free|loss-free balancing", 8),
        (r"hallucination rate|hallucinated|reduced hallucination|unsupported statement", 8),
        (r"2D passivation|two-dimensional passivation|2D (capping )?layer", 8),
        (r"(?s)tree.*cool roofs|cool roofs.*tree", 6),
        (r"sleep restriction|restricted group|hour of sleep lost|sleep-restricted", 6),
    ],
)
def test_enough_papers_bear_on_one_question(words: str, least: int) -> None:
    assert sum(bool(re.search(words, paper.abstract, re.I)) for paper in load_sample_corpus()) >= least


def test_papers_survive_json() -> None:
    for paper in load_sample_corpus():
        assert Paper.from_json(json.loads(json.dumps(paper.to_json()))) == paper


def test_sum_covers_names_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256()
    for name in FEEDS:
        data = texts()[name].encode()
        digest.update(name.encode() + b"\0" + str(len(data)).encode() + b"\0" + data)
    assert corpus_sha256() == digest.hexdigest()
    seen = {corpus_sha256()}
    for feeds in ([("a", b"xy")], [("a", b"x"), ("b", b"y")], [("b", b"xy")], [("a", b"x"), ("by", b"")]):
        monkeypatch.setattr(sample, "_feeds", lambda feeds=feeds: iter(feeds))
        seen.add(corpus_sha256())
    assert len(seen) == 5


def test_a_damaged_feed_is_named() -> None:
    with pytest.raises(FeedError, match=r"^x\.xml: not an Atom feed: the outermost element is 'p'$"):
        sample._parsed("x.xml", b"<p/>")
