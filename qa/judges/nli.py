"""A verifier that asks a natural-language-inference cross-encoder, for those who have one: by name or by path.

sentence_transformers is imported only when the first claim is verified.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from onrecord.index.errors import InputError, ModelError
from onrecord.index.extras import named_extra
from onrecord.index.text.words import words_of
from onrecord.qa.judges.claim_matching import analyse, choose

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_READ = 8  # sentences that one premise holds at most


class NliVerifier:
    """The probability of entailment by a `CrossEncoder`, such as ``cross-encoder/nli-deberta-v3-small``.

    The premise is the nearest evidence, in its order. ``encoder`` may be given instead of a name, already loaded.

    Raises:
        ModelError: the model cannot be loaded.
        InputError: it has no label that means entailment, so it is no NLI model.
    """

    def __init__(self, model: str, *, encoder: "CrossEncoder | Any | None" = None) -> None:
        self.model = model
        self._encoder = encoder

    def verify(self, claim: str, evidence: Sequence[str], *, context: Sequence[str] = ()) -> float:
        stated, found = words_of(claim), analyse(evidence)
        if not found or not stated.tokens:
            return 0.0
        near = " ".join(found[n].text for n in choose(stated, found, count=_READ))
        encoder = self._loaded()
        logits = np.asarray(encoder.predict([(near, claim)], show_progress_bar=False), dtype=np.float64).reshape(-1)
        if logits.size == 1:  # one output: the model gives the probability itself
            return float(logits[0])
        shares = np.exp(logits - logits.max())
        return float(shares[self._entailment(encoder)] / shares.sum())

    def _loaded(self) -> Any:
        if self._encoder is None:
            with named_extra():
                from sentence_transformers import CrossEncoder

            try:
                self._encoder = CrossEncoder(self.model)
            except (OSError, ValueError) as error:
                raise ModelError(
                    f"The verifier model {self.model!r} cannot be loaded ({error}); give the folder of a downloaded "
                    "CrossEncoder, or leave the setting empty."
                ) from error
        return self._encoder

    def _entailment(self, encoder: Any) -> int:
        labels = {str(name).lower(): int(n) for n, name in encoder.model.config.id2label.items()}
        for name, number in labels.items():
            if name.startswith("entail"):
                return number
        raise InputError(
            f"The model {self.model!r} has the labels {sorted(labels)}, none for entailment; give an NLI model."
        )
