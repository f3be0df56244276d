"""What is used, what is set aside and why, on the sample corpus with its known oddities."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from generator.kernel.queries import make_queries
from generator.kernel.retrieval import RetrievalSettings, Retrieved, retrieve
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.sample import load_sample_corpus

CORPUS = load_sample_corpus()
README = (files("generator.kernel.sources") / "sample" / "README.md").read_text(encoding="utf-8")
QUESTIONS = {
    "A": "Does loss-free balancing improve accuracy of mixture-of-experts language models?",
    "B": "Does retrieving more passages increase or reduce hallucination?",
    "C": "Does 2D passivation improve the stability of perovskite solar cells at 85 °C?",
    "D": "How do street trees compare with cool roofs in lowering urban air temperature?",
    "E": "Does sleep restriction impair declarative memory in adolescents?",
}


def listed(heading: str) -> list[str]:
    """The ids in one bullet of the corpus's README."""
    bullet = re.search(rf"- \*\*{heading}\*\*[^:]*:(.*?)(?:\n- |\Z)", README, re.DOTALL)
    assert bullet
    return re.findall(r"\b[A-E]\d\d\b", bullet[1])


@cache
def found(question: str) -> Retrieved:
    return retrieve(question, make_queries(question), CORPUS, RetrievalSettings())


def aside(result: Retrieved) -> dict[tuple[str, int | None], str]:
    return {(item["paper_id"], item["version"]): item["reason_code"] for item in result.excluded}


def used(result: Retrieved) -> list[str]:
    return [hit.paper.id for hit in result.hits]


@pytest.mark.parametrize("topic", QUESTIONS)
def test_only_papers_of_the_topic_are_used(topic: str) -> None:
    result = found(QUESTIONS[topic])
    assert len(result.hits) >= 5
    assert {name[7] for name in used(result)[:8]} == {topic}


@pytest.mark.parametrize("topic", QUESTIONS)
def test_each_paper_is_used_once_or_set_aside_once(topic: str) -> None:
    result = found(QUESTIONS[topic])
    names = [(hit.paper.id, hit.paper.version) for hit in result.hits]
    names += [(item["paper_id"], item["version"]) for item in result.excluded]
    assert len(names) == len(set(names)) == result.found
    assert len(set(used(result))) == len(result.hits) <= RetrievalSettings().max_papers
    assert not any(hit.paper.withdrawn for hit in result.hits)
    assert all(item["reason"] and item["title"] and item["url"] for item in result.excluded)


@pytest.mark.parametrize("name", listed("Two versions of one id"))
def test_an_older_version_is_set_aside(name: str) -> None:
    (newer,) = [paper for paper in CORPUS if paper.id == f"SAMPLE-{name}" and paper.version == 2]
    result = found(newer.title)
    assert used(result)[0] == newer.id
    assert result.hits[0].paper.version == 2
    assert aside(result)[(newer.id, 1)] == "OLDER_VERSION"
    assert [item["reason"] for item in result.excluded if item["paper_id"] == newer.id] == ["version 2 is there too"]


def copies() -> list[tuple[str, str]]:
    bullet = re.search(r"- \*\*Near copies under another id\*\*:(.*?)\n- ", README, re.DOTALL)
    assert bullet
    return re.findall(r"([A-E]\d\d) of ([A-E]\d\d)", bullet[1])


@pytest.mark.parametrize(("copy", "original"), copies())
def test_a_near_copy_gives_way_to_the_paper_that_came_first(copy: str, original: str) -> None:
    (paper,) = [paper for paper in CORPUS if paper.id == f"SAMPLE-{copy}"]
    result = found(paper.title)
    assert f"SAMPLE-{original}" in used(result)
    assert f"SAMPLE-{copy}" not in used(result)
    (reason,) = [item["reason"] for item in result.excluded if item["paper_id"] == paper.id]
    assert aside(result)[(paper.id, 1)] == "DUPLICATE"
    assert reason == f"a near-copy of SAMPLE-{original}, which came first"


@pytest.mark.parametrize("name", ["B16", "D16"])
def test_a_withdrawn_paper_is_set_aside_in_every_version(name: str) -> None:
    versions = [paper for paper in CORPUS if paper.id == f"SAMPLE-{name}"]
    assert any(paper.withdrawn for paper in versions)
    result = found(versions[0].title)
    assert f"SAMPLE-{name}" not in used(result)
    reasons = {version: code for (paper, version), code in aside(result).items() if paper == f"SAMPLE-{name}"}
    assert reasons[versions[0].version] == "WITHDRAWN"
    assert set(reasons.values()) == {"WITHDRAWN"}


def test_the_finding_that_was_withdrawn_later_is_not_used() -> None:
    first = next(paper for paper in CORPUS if (paper.id, paper.version) == ("SAMPLE-B16", 1))
    assert not first.withdrawn
    assert aside(found(first.abstract.split(". ")[0]))[("SAMPLE-B16", 1)] == "WITHDRAWN"


NOISE = listed("Off the question, with its vocabulary")


def test_noise_never_stands_before_papers_of_the_topic() -> None:
    assert len(NOISE) == 10
    for question in QUESTIONS.values():
        top = [name.removeprefix("SAMPLE-") for name in used(found(question))[:5]]
        assert not set(top) & set(NOISE), (question, top)


@pytest.mark.parametrize("topic", "ABCDE")
def test_noise_of_other_topics_is_set_aside_as_irrelevant(topic: str) -> None:
    result = found(QUESTIONS[topic])
    others = {f"SAMPLE-{name}" for name in NOISE if name[0] != topic}
    assert not others & set(used(result))
    assert {code for (name, _), code in aside(result).items() if name in others} <= {"BELOW_RELEVANCE"}


def test_what_is_too_far_says_how_far() -> None:
    for question in QUESTIONS.values():
        for item in found(question).excluded:
            if item["reason_code"] == "BELOW_RELEVANCE":
                assert re.fullmatch(
                    r"relevance 0\.0\d\d is below 0\.08|the 12 most relevant papers are used", item["reason"]
                )


@pytest.mark.parametrize("question", ["LLM", "zzz qqq", "Quels arbres?", "街路樹は都市の気温を下げますか"])
def test_a_question_off_topic_finds_no_paper(question: str) -> None:
    assert used(found(question)) == []


def test_the_order_does_not_depend_on_the_order_of_the_corpus() -> None:
    for question in QUESTIONS.values():
        turned = retrieve(question, make_queries(question), tuple(reversed(CORPUS)), RetrievalSettings())
        assert turned == found(question)


def test_hits_come_by_relevance_with_the_queries_that_found_them() -> None:
    result = found(QUESTIONS["D"])
    relevance = [hit.relevance for hit in result.hits]
    assert relevance == sorted(relevance, reverse=True)
    assert relevance[-1] >= RetrievalSettings().min_relevance
    for hit in result.hits:
        assert set(hit.queries) <= {"Q1", "Q2", "Q3", "Q4"}
        assert 0 < hit.fused <= len(hit.queries) / 61 + 1e-6


def test_settings_are_kept() -> None:
    question = QUESTIONS["D"]
    settings = RetrievalSettings(max_papers=3)
    few = retrieve(question, make_queries(question), CORPUS, settings)
    assert used(few) == used(found(question))[:3]
    none = retrieve(question, make_queries(question), CORPUS, RetrievalSettings(min_relevance=1.1))
    assert used(none) == []
    assert {item["reason_code"] for item in none.excluded} == {"BELOW_RELEVANCE"}


def test_no_paper_at_all() -> None:
    assert retrieve("trees", make_queries("trees"), (), RetrievalSettings()) == Retrieved((), (), 0)


def test_two_papers_of_one_title_are_copies_whatever_their_text() -> None:
    def paper(identity: str, published: str, abstract: str) -> Any:
        return Paper(
            id=identity,
            version=1,
            url=f"https://sample.invalid/abs/{identity}v1",
            title="Trees cool streets",
            abstract=abstract,
            authors=("A. Author",),
            published=published,
            updated=published,
            categories=(),
            comment=None,
            doi=None,
            journal_ref=None,
            withdrawn=False,
            origin="sample-corpus",
        )

    older = paper("P2", "2020-01-01T00:00:00Z", "Trees lowered the temperature of streets.")
    newer = paper("P1", "2021-01-01T00:00:00Z", "Nothing alike stands in here; streets and trees.")
    newer = replace(newer, title="TREES cool streets!")
    for papers in ((older, newer), (newer, older)):
        result = retrieve("Do trees cool streets?", make_queries("Do trees cool streets?"), papers, RetrievalSettings())
        assert (used(result), aside(result)) == (["P2"], {("P1", 1): "DUPLICATE"})
