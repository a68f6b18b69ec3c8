import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from onrecord.index.text.words import words_of
from onrecord.index.types import Article
from onrecord.qa.judges.claim_matching import case_of
from onrecord.qa.judges.measures import measure
from onrecord.qa.judges.objections import Objection, objections
from onrecord.qa.judges.verify import SUPPORT, EngineVerifier, FeatureVerifier, only_alleged, shipped_fit, verdict

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "claims.jsonl").read_text(encoding="utf-8").splitlines()]
BOAT = "The boat holds 60 people and runs every 20 minutes."
BUSES = "Buses brought in to transport 5,000 people were pulled back after militants allegedly fired on them."
DEAL = "Rebel spokesman Bassam Haj Mustafa accused the Syrian government and Iran of foiling the deal."


def judged(claim: str, evidence: Sequence[str], context: Sequence[str] = ()) -> str:
    return verdict(FeatureVerifier().verify(claim, evidence, context=context))


def why_not(claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> tuple[Objection, ...]:
    case = case_of(claim, evidence, context=context)
    return objections(case.claim, case.near, [*case.context, *case.evidence])


def test_the_cases_quote_their_articles(articles: tuple[Article, ...]) -> None:
    seeds = [path.read_text(encoding="utf-8") for path in (HERE.parents[2] / "seeds").glob("*.txt")]
    known = [article.text for article in articles] + seeds
    for case in CASES:
        for quote in case["evidence"]:
            assert any(quote.rstrip(".") in text for text in known), quote


def test_at_least_nine_of_ten_hand_written_cases_are_judged_right() -> None:
    wrong = [
        f"{case['kind']}: {case['claim']} -> {found}"
        for case in CASES
        if (found := judged(case["claim"], case["evidence"])) not in case["accepted"]
    ]
    assert len(wrong) <= 0.1 * len(CASES), "\n".join(wrong)


DANGEROUS = {
    "wrong number", "wrong date", "wrong year", "wrong name", "wrong attribution", "negated", "invented quotation",
    "altered quotation", "allegation as fact", "added detail", "added part", "another matter",
    "made-up cause", "no longer so",
}  # fmt: skip


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] in DANGEROUS], ids=lambda case: str(case["claim"])[:50])
def test_no_dangerous_claim_is_called_supported(case: dict[str, Any]) -> None:
    assert judged(case["claim"], case["evidence"]) != "supported"


def test_a_copy_is_supported_and_nothing_scores_higher() -> None:
    assert judged(BOAT, [BOAT]) == "supported"
    assert FeatureVerifier().verify("The boat holds 60 people.", [BOAT]) <= FeatureVerifier().verify(BOAT, [BOAT])


@pytest.mark.parametrize(
    ("claim", "evidence", "objection"),
    [
        ("The boat holds 80 people.", BOAT, "number"),
        ("The museum opens on 12 May.", "The museum opens on 2 May.", "date"),
        ("A boat built by Tom Addo holds 60 people.", BOAT, "name"),
        ('The boat is "very safe" and holds 60 people.', BOAT, "quotation"),
        ("The boat does not hold 60 people.", BOAT, "negation"),
        ("The Syrian government accused Bassam Haj Mustafa of foiling the deal.", DEAL, "swapped"),
        ("Buses were pulled back after militants fired on them.", BUSES, "alleged"),
    ],
)
def test_what_stands_against_a_claim_is_named(claim: str, evidence: str, objection: str) -> None:
    assert objection in why_not(claim, [evidence])


SIDES = "Iran backs Assad's government, while Turkey backs the rebels."
SPOKEN = "Raheem Sterling says he is not ready to sign a new deal."


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Turkey backs Assad's government and Iran backs the rebels.", [SIDES]),
        ("Scholes says he is not ready to sign a new deal.", [SPOKEN, "Scholes said Raheem Sterling should stay."]),
        (
            "Storm Fay caused damage mainly to Port Asel.",
            ["Larnville suffered in Storm Fay.", "Hurricane Floyd in 1999 caused damage mainly to Port Asel."],
        ),
        ("Bohemond's son was Robert.", ["The Normans under Bohemond, Robert's son, landed in Valona."]),
        ("Assad accused his opponents of lying.", ["Opponents of President Assad accused the government of lying."]),
    ],
)
def test_what_another_did_or_said_is_a_swap(claim: str, evidence: list[str]) -> None:
    assert "swapped" in why_not(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        (SIDES, [SIDES]),
        ("Turkey backs the rebels.", [SIDES]),
        ("Russia mediated the deal.", ["Turkey and Russia mediated the deal."]),
        (
            "Brandt said the work would take nine months.",
            [
                "Brandt, who took office in May, said the work would take nine months.",
                "Addo said the work would take nine months.",
            ],
        ),
        ("The United States backed the deal.", ["The U.S. backed the deal."]),
        (
            "Trump attacked Clinton in the debate.",
            ["In the debate, Trump attacked Clinton and Clinton attacked Trump."],
        ),
        ("A law requires schools to display a poster.", ["A law requires a display of a poster in every school."]),
    ],
)
def test_what_the_evidence_says_of_the_same_one_is_no_swap(claim: str, evidence: list[str]) -> None:
    assert "swapped" not in why_not(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Genghis's 3rd son was Khan.", "Under Genghis' third son, Khan, they fought."),
        ("The United States backed the deal.", "The US backed the deal."),
        ("The Gold Bureau of the U. S. weighs it.", "The Gold Bureau of the U.S. weighs it."),
        ("John Kerry backed the deal.", "On Monday Kerry backed the deal."),
        ("Observers predicted a planet.", "Observers predicted a planet; however, no such planet could be found."),
        ("The firm flew six tourists to space.", "The firm flew six tourists to space after a failed space flight."),
    ],
)
def test_the_same_in_other_words_meets_no_objection(claim: str, evidence: str) -> None:
    assert why_not(claim, [evidence]) == ()


def test_a_first_name_is_strange_where_the_article_gives_another() -> None:
    assert why_not("Tom Brandt closed it.", ["Mayor Ilse Brandt closed it."]) == ("name",)


def test_a_rounded_number_must_count_the_same_thing() -> None:
    births = "About 3.6 million babies were born, down from about 3.75 million in 2019."
    assert why_not("About 3.7 million babies were born.", [births]) == ("number",)
    assert why_not("About 3.6 million babies were born.", [births]) == ()


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("She was associated with the group.", "She was formerly associated with the group."),
        ("Biden delivered an address.", "Biden is expected to deliver an address."),
        ("Brandt closed the bridge.", "Brandt threatened to close the bridge."),
        (
            "Mess, 48, was arrested after her husband at the farm.",
            "Mess, 48, was arrested after her husband was found killed at the farm.",
        ),
    ],
)
def test_a_copy_that_leaves_out_a_doubt_or_a_deed_is_weaker_than_one_that_does_not(claim: str, evidence: str) -> None:
    measured = [measure(words_of(claim), [words_of(text)])["lost"] for text in (evidence, claim)]
    assert measured == [1.0, 0.0]


def test_words_that_news_uses_for_one_another_count_as_covered() -> None:
    evidence = [words_of("Premier Addo stepped down after storms wounded twelve people and killed two.")]
    claim = words_of("Addo resigned after storms injured 12 people and two died.")
    assert measure(claim, evidence)["covered"] == 1.0


def test_a_passive_is_no_swap() -> None:
    evidence = ["The initial evacuation deal was mediated late Tuesday by Turkey and Russia."]
    assert why_not("Turkey and Russia mediated the initial evacuation deal.", evidence) == ()


VOICE = (
    "Actress Mara Lind is threatening Joren Vass and his company Orvane with legal action, alleging they copied her "
    "voice for an assistant without her permission."
)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Mara Lind is threatening legal action against Orvane for copying her voice.", VOICE),
        ("Mara Lind is threatening legal action against Joren Vass and Orvane for copying her voice for an assistant "
         "without her permission.", VOICE),
        ("Orvane copied her voice for an assistant after asking Mara Lind.", VOICE),
        ("The treasurer, who lives in Brask, diverted 90,000 euros.",
         "The treasurer, who lives in Brask, is accused of diverting 90,000 euros."),
        ("A former butler worked for the duke, who had sold two tapestries.",
         "A former butler of the duke claims that he had sold two tapestries."),
    ],
)  # fmt: skip
def test_an_allegation_that_a_draft_states_as_a_fact_is_not_supported(claim: str, source: str) -> None:
    assert only_alleged(claim, [source])
    assert judged(claim, [source]) != "supported"


@pytest.mark.parametrize(
    "claim",
    [
        "Mara Lind is threatening Joren Vass and Orvane with legal action, alleging they copied her voice.",
        "Orvane copied her voice for an assistant, Mara Lind said.",
        "According to Mara Lind, Orvane copied her voice for an assistant.",
        "Mara Lind is threatening Joren Vass and his company Orvane with legal action.",
    ],
)
def test_an_allegation_that_stays_one_meets_no_objection(claim: str) -> None:
    assert not only_alleged(claim, [VOICE])


def test_what_another_sentence_states_plainly_is_no_longer_only_alleged() -> None:
    claim = "Mara Lind is threatening legal action against Orvane for copying her voice."
    assert not only_alleged(claim, [VOICE, "Orvane copied her voice in 2023, as a court has found."])


def test_an_allegation_that_is_attributed_stands() -> None:
    assert judged(BUSES, [BUSES]) == "supported"
    assert judged("Buses were pulled back after militants fired on them.", [BUSES]) == "partly"


def test_names_and_dates_may_come_from_the_context_but_numbers_may_not() -> None:
    evidence = ["He said the work would cost at least 5 million euros."]
    claim = "Tom Addo said the work would cost at least 5 million euros."
    assert judged(claim, evidence) == "unsupported"
    assert judged(claim, evidence, ["Opposition councillor Tom Addo called the estimate too low."]) == "supported"
    assert (
        judged("The work would cost at least 6 million euros.", evidence, ["It was 6 million euros."]) == "unsupported"
    )


def test_a_sentence_of_which_one_clause_holds_is_partly_supported() -> None:
    claim = "The boat holds 60 people and runs every 20 minutes, but 300 passengers were left behind."
    assert judged(claim, [BOAT]) == "partly"


def test_a_name_without_its_accents_is_no_other_name() -> None:
    evidence = ["President Recep Tayyip Erdoğan opened the bridge in Çanakkale on Friday."]
    claim = "President Recep Tayyip Erdogan opened the bridge in Canakkale on Friday."
    assert judged(claim, evidence) == "supported"
    assert why_not("“Erdogan is late,” he said.", ["“Erdoğan is late,” he said."]) == ()


def test_no_evidence_and_no_words_give_no_support() -> None:
    verifier = FeatureVerifier()
    assert verifier.verify(BOAT, []) == verifier.verify(BOAT, ["  "]) == verifier.verify("", [BOAT]) == 0.0


def test_a_claim_is_found_in_long_evidence() -> None:
    filler = [f"Paragraph number {n} is about the weather in spring." for n in range(200)]
    assert FeatureVerifier().verify(BOAT, [*filler, BOAT]) == FeatureVerifier().verify(BOAT, [BOAT])


def test_a_claim_over_a_whole_page_has_a_threshold_of_its_own() -> None:
    score = (shipped_fit().page + shipped_fit().partly) / 2
    assert verdict(score) == "unsupported"
    assert verdict(score, sentences=120) == "supported"


class Answering:
    """A model that only says how likely "yes" is, with its adapter and without, and counts how often it was asked."""

    def __init__(self, *, adapted: float | None = None, plain: float | None = None) -> None:
        self.yes, self.asked = {SUPPORT: adapted, "": plain}, {SUPPORT: 0, "": 0}

    def yes_probability(self, messages: Any, *, adapter: str = "") -> float | None:
        self.asked[adapter] += 1
        return self.yes[adapter]


BORDERLINE = "Mayor Brandt put repairs at 2.4 million euros over nine months."
REPAIRS = ["Mayor Ilse Brandt said repairs would cost 2.4 million euros and take nine months."]


def test_a_model_with_the_adapter_decides_what_is_no_copy() -> None:
    yes, no = Answering(adapted=0.9999), Answering(adapted=0.0001)
    assert verdict(EngineVerifier(yes).verify(BORDERLINE, REPAIRS)) == "supported"
    assert verdict(EngineVerifier(no).verify(BORDERLINE, REPAIRS)) == "unsupported"
    assert yes.asked == no.asked == {SUPPORT: 1, "": 0}


def test_a_model_with_the_adapter_overrules_rules_about_words_but_none_about_figures() -> None:
    both, model = ["Both of the suspects deny the charges."], Answering(adapted=0.9999)
    assert why_not("The two suspects deny the charges.", both) == ("counted",)
    assert verdict(EngineVerifier(model).verify("The two suspects deny the charges.", both)) == "supported"
    assert verdict(EngineVerifier(model).verify("The 12 suspects deny the charges.", both)) == "unsupported"


def test_a_model_without_the_adapter_is_asked_about_what_is_partly_supported() -> None:
    fit = shipped_fit()
    assert verdict(FeatureVerifier().verify(BORDERLINE, REPAIRS)) == "partly"
    for model, found in ((Answering(plain=0.99), "partly"), (Answering(plain=0.01), "unsupported")):
        assert verdict(EngineVerifier(model).verify(BORDERLINE, REPAIRS)) == found
    silent = EngineVerifier(Answering())
    assert silent.verify(BORDERLINE, REPAIRS) == FeatureVerifier().verify(BORDERLINE, REPAIRS) < fit.supported


def test_a_model_is_not_asked_about_copies_nor_about_what_the_rules_refuse() -> None:
    model = Answering(adapted=0.99)
    verifier = EngineVerifier(model)
    assert verdict(verifier.verify(BOAT, [BOAT])) == "supported"
    assert verdict(verifier.verify("The boat holds 80 people and runs every 20 minutes.", [BOAT])) == "unsupported"
    assert model.asked == {SUPPORT: 0, "": 0}


def test_the_data_file_says_where_its_numbers_come_from() -> None:
    data = json.loads((HERE.parents[2] / "qa" / "judges" / "verifier.json").read_text(encoding="utf-8"))
    assert {"command", "files", "features_held_out_by_document"} <= data["provenance"].keys()
    assert data["provenance"]["adapter_on_asked_claims"]["n"]


CLAIMED = "Mayor Lena Brandt insisted: “The bridge will open in May.”"
DOUBTED = "Tom Addo claimed that every single bolt of the bridge is rusty."


@pytest.mark.parametrize(
    ("claim", "evidence", "context", "wrong"),
    [
        ("Lena Brandt claims that every bolt of the bridge is rusty.", [DOUBTED, CLAIMED], [], True),
        ("Tom Addo claims that every bolt of the bridge is rusty.", [DOUBTED, CLAIMED], [], False),
        ("Lena Brandt said the bridge will open in May.", [DOUBTED, CLAIMED], [], False),
        ("Tom Addo said every bolt is rusty.", ["He said that every single bolt is rusty."], [DOUBTED], False),
    ],
)
def test_words_put_into_anothers_mouth_do_not_stand(
    claim: str, evidence: list[str], context: list[str], wrong: bool
) -> None:
    assert ("speaker" in why_not(claim, evidence, context=context)) is wrong
