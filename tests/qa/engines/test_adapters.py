"""The adapters that come with the package, with the model that they were made for."""

from collections.abc import Iterator

import pytest

from onrecord.index.models.catalogue import model_path
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import ADAPTERS, load_engine
from onrecord.qa.judges.reader import answered
from onrecord.qa.judges.verify import SUPPORT, EngineVerifier, question_messages, support_messages, verdict

pytestmark = pytest.mark.model
MODEL = "qwen2.5-coder-1.5b"
DEAL = "Harrow Foods sold its dairy unit to Calder Group for $120 million, and its chairwoman resigned before the vote."
SAYS = "The dairy business was bought by Calder Group."
DOES_NOT = "Calder Group sold its dairy unit to Harrow Foods for $120 million."
SENTENCES = """From “Calder ends its ferry” (Arden Wire, 2021-05-04):
[1] The Calder line carried its last passengers to Vantis on Sunday.
[2] The firm had lost 2 million crowns in 2020.
[3] Its director, Pia Lunde, blamed the new bridge."""
TOLD = "Who blamed the bridge for the end of the ferry?"
ALSO_TOLD = ["How much had the firm lost in 2020?", "When did the Calder line carry its last passengers?"]
NOT_TOLD = ["How much did the firm lose in 2019?", "What did the bridge cost?"]
STORY = [{"role": "user", "content": "Name three colours."}]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    found = load_engine(MODEL, context_tokens=1024)
    yield found
    found.close()


def test_every_adapter_is_of_a_model_of_the_catalogue() -> None:
    assert [folder.name for folder in ADAPTERS.iterdir() if folder.is_dir()] == [MODEL]


def test_it_tells_a_rewording_from_a_near_copy(engine: Engine) -> None:
    says, does_not = (engine.yes_probability(support_messages(c, [DEAL]), adapter=SUPPORT) for c in (SAYS, DOES_NOT))
    assert says is not None and does_not is not None
    assert does_not < 0.5 < says
    verifier = EngineVerifier(engine)
    assert [verdict(verifier.verify(claim, [DEAL])) for claim in (SAYS, DOES_NOT)] == ["supported", "unsupported"]


def test_it_tells_a_question_that_is_answered_from_one_that_looks_so(engine: Engine) -> None:
    told, others = (
        [answered(engine, question, SENTENCES) or 0.0 for question in asked] for asked in ((TOLD, *ALSO_TOLD), NOT_TOLD)
    )
    assert min(told) > max(others) + 0.2 and min(told[1:]) > 0.5


def test_it_is_in_force_for_its_own_reply_alone(engine: Engine) -> None:
    def replies() -> tuple[str, float | None]:
        plain = engine.yes_probability(question_messages(DOES_NOT, [DEAL]))
        return "".join(engine.generate(STORY, max_tokens=20)), plain

    story, plain = replies()
    adapted = engine.yes_probability(support_messages(DOES_NOT, [DEAL]), adapter=SUPPORT)
    again, plainly = replies()
    assert again == story and plainly == pytest.approx(plain, abs=1e-3)
    replies()
    assert engine.yes_probability(support_messages(DOES_NOT, [DEAL]), adapter=SUPPORT) == pytest.approx(
        adapted, abs=1e-3
    )


def test_a_file_of_another_name_has_none(engine: Engine) -> None:
    other = load_engine(model_path(MODEL), context_tokens=256)
    assert other.yes_probability(STORY, adapter=SUPPORT) is None
    other.close()
