from onrecord.index.types import Article, Sentence
from onrecord.qa.steps.cite import align, counts_another, sources_cover_answer
from onrecord.qa.types import AnswerSentence, Evidence


def evidence_of(*texts: str, published: str = "") -> list[Evidence]:
    return [
        Evidence(n, Sentence("a", n, 0, len(text), text), "A title", published=published)
        for n, text in enumerate(texts, start=1)
    ]


def test_the_sentence_that_was_copied_is_cited_whatever_the_marker_says(articles: tuple[Article, ...]) -> None:
    evidence = evidence_of(*[line for article in articles for line in article.text.split("\n")])
    cited = align("Divers recovered 312 silver coins from the harbour.", evidence, suggested=(1,))
    assert [item.sentence.text.split()[0] for item in cited] == ["Divers"]


def test_two_facts_from_two_sentences_get_two_citations() -> None:
    evidence = evidence_of(
        "Mayor Ilse Brandt said repairs would cost 2.4 million euros.",
        "The boat holds 60 people.",
        "Councillor Tom Addo said the work would cost at least 5 million euros.",
    )
    cited = align("Brandt said repairs cost 2.4 million euros, Addo said at least 5 million euros.", evidence)
    assert [item.number for item in cited] == [1, 3]


def test_one_sentence_that_covers_everything_is_cited_alone() -> None:
    evidence = evidence_of("The boat holds 60 people.", "The boat holds 60 people and runs every 20 minutes.")
    assert [item.number for item in align("The boat holds 60 people and runs every 20 minutes.", evidence)] == [2]


def test_the_markers_decide_between_equal_sentences() -> None:
    evidence = evidence_of("The boat holds 60 people.", "The boat holds 60 people.")
    assert [item.number for item in align("The boat holds 60 people.", evidence)] == [1]
    assert [item.number for item in align("The boat holds 60 people.", evidence, suggested=(2,))] == [2]


def test_a_number_draws_the_citation_to_the_sentence_that_has_it() -> None:
    evidence = evidence_of("Repairs of the bridge would cost a lot.", "Repairs would cost 2,400,000 euros.")
    assert [item.number for item in align("Repairs would cost 2.4 million euros.", evidence)] == [2]


def test_what_nothing_supports_gets_no_citation() -> None:
    assert align("The stadium was sold to investors.", evidence_of("The boat holds 60 people.")) == ()
    assert align("The stadium was sold.", []) == ()
    assert align("", evidence_of("The boat holds 60 people.")) == ()


def test_no_more_than_three_citations_are_given() -> None:
    texts = ("Alpha fell in March.", "Bravo rose in April.", "Charlie sank in June.", "Delta stood in May.")
    assert len(align(" ".join(texts[:3]), evidence_of(*texts))) == 3
    assert len(align(" ".join(texts), evidence_of(*texts))) == 3


def test_a_draft_needs_a_source_about_the_question_that_holds_its_answer() -> None:
    question = "Who said that every law of war had been broken?"
    other = Evidence(1, Sentence("a", 0, 0, 9, "Ambassador Jaafari called Aleppo free."), title="Aleppo")
    right = Evidence(2, Sentence("a", 1, 9, 9, "Rycroft said every law of war had been broken."), title="Aleppo")
    assert not sources_cover_answer(question, AnswerSentence("Ambassador Jaafari.", (other.cite(),), "supported"))
    assert sources_cover_answer(question, AnswerSentence("Rycroft.", (right.cite(),), "supported"))
    assert not sources_cover_answer(
        question, AnswerSentence("Jaafari said every law of war was broken.", (right.cite(),), "supported")
    )


def test_who_is_counted_may_be_anybody_where_people_are_asked_for() -> None:
    texts = (
        "Rebel shelling killed six civilians.",
        "Buses came for 5,000 people.",
        "There were 40 buses and 9 fighters.",
    )
    items = [Evidence(n, Sentence("a", n, 0, 9, text), title="a") for n, text in enumerate(texts, start=1)]
    assert counts_another("How many people were killed in the shelling?", "Six civilians were killed.", items) is None
    assert counts_another("How many fighters were there?", "There were 5,000 people.", items) == items[2]
