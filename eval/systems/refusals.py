"""Does a free text say that it has no answer? For systems without a typed abstention; ours says it in a field."""

import re

_PLAIN = str.maketrans({"‘": "'", "’": "'"})
_REFUSAL = re.compile(
    r"""\b(?:
      (?:do|does|did)(?:\ not|n't)\ (?:\w+\ ){0,2}?(?:know|say|state|mention|specif\w+|provide|contain|include|answer|
        indicate|give|address|discuss|disclose|reveal|offer|have\ (?:any\ |an\ |the\ |enough\ |\w+\ )?
        (?:answer|information|details?))
    | (?:is|are|was|were)(?:\ not|n't)\ (?:\w+\ ){0,2}?(?:mentioned|stated|specified|provided|said|given|answered|
        available|disclosed|discussed|known|clear|in\ the\ (?:provided\ |given\ )?(?:sources?|context|text|articles?))
    | (?:can(?:not|'t|\ not)|could(?:\ not|n't)|(?:unable|not\ able)\ to)\ (?:be\ )?(?:answer|find|determine|say|
        provide|assist|help|tell)\w*
    | no\ (?:\w+\ ){0,2}?(?:information|mention|answer|evidence|indication|details?|source|sources)\b
    | none\ of\ the\ (?:\w+\ ){0,2}?(?:sources?|articles?|passages?)
    | (?:not\ enough|insufficient)\ (?:information|context|evidence)
    | not\ (?:mentioned|stated|specified|provided|answerable|helpful)
    | empty\ response | unanswerable | i\ am\ (?:sorry|not\ sure) | i'm\ (?:sorry|not\ sure) | i\ have\ no\ idea
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def says_it_does_not_know(answer: str) -> bool:
    """Whether a text reads as an abstention: it is empty, or its first sentence refuses.

    The wording rule of RGB (Chen et al. 2024), with more wordings. Only the first sentence counts: "The toll is 12.
    The names were not given." is an answer.

    >>> says_it_does_not_know("The provided sources do not mention the mayor's age.")
    True
    >>> says_it_does_not_know("Mayor Brandt said repairs would cost 2.4 million euros.")
    False
    """
    plain = answer.translate(_PLAIN).strip()
    first = re.split(r"(?<=[.!?])\s", plain, maxsplit=1)[0]
    return not plain or bool(_REFUSAL.search(first))
