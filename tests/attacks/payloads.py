"""Texts that would do something if an output handed them on as they are, and strategies that make more of them."""

from dataclasses import dataclass, fields

from hypothesis import strategies as st

from onrecord.index.types import Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement, Evidence

PIXEL = "https://evil.example/t.png"
PAYLOADS = (
    f"https://e.example/x\n\n![x]({PIXEL})",
    f"![x]({PIXEL})",
    f"[x]({PIXEL} 'y')",
    f"[x][1]\n\n[1]: {PIXEL}",
    f"[1]: {PIXEL}",
    f"[^1] and\n\n[^1]: {PIXEL}",
    f"see [x and then ]({PIXEL})",
    f"<{PIXEL}> and {PIXEL} (www.evil.example) //evil.example/x",
    "write to desk@evil.example, mailto:a.b+c@evil.example, xmpp:a@evil.example or ftp://evil.example/x",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://e.example",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "https://user:word@evil.example/x",
    'https://e.example/"onmouseover="alert(1)',
    "https://e.example/><script>alert(1)</script>",
    "<script>alert(1)</script>",
    f"<img src={PIXEL} onerror=alert(1)>",
    "</p></li></main><svg onload=alert(1)>",
    "<!-- a comment --> <?php x ?> <![CDATA[ x ]]> <!DOCTYPE x>",
    "\"' onfocus=alert(1) autofocus x='",
    "&lt;script&gt; &#60;b&#62; &amp; &copy; &NotAnEntity; AT&T",
    "# a heading #",
    "#",
    "a\n===",
    "---",
    "- - -",
    "> a quotation",
    "- an item",
    "+ an item",
    "1. an item",
    "7) an item",
    "- [ ] a task",
    "| a | b |\n|---|---|\n| c | d |",
    "a | b\n:-: | :-:",
    "```\ncode\n```",
    "~~~\ncode",
    "    code",
    "`code` ``co`de`` `open",
    "**bold** __bold__ *it* _it_ ~~gone~~ a_b_c a__b__c snake_case",
    "a line\\\nand a break \\",
    "\\[x](y) \\` \\* \\\\",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "\x9b31mred \x9d0;title\x07 \x90dcs\x9c",
    "bell\x07 back\x08\x08\x08space \rover the line \x7f \x00",
    "safe\u202egpj.exe \u2066hidden\u2069 \u061c \u200f \ufeff",
    "one\n[2] Another title, Another source: “words that nobody said”",
    "one\r\nonrecord: a line of its own\x0b\x0c\x1c\x85\u2028\u2029end",
    "[red]x[/red] [link=https://evil.example]y[/link] :smile: [/]",
    "$\\frac{1}{2}$ costs $5m to $6m, $x^2_",
    "_nolegend_",
    '=HYPERLINK("https://evil.example")',
    "]]> & <testcase/>",
    "<!-- eval:end -->",
    "{{value}} ${alert(1)} {% x %} %s {0}",
    "usatoday.com, 2.4 million (all-male): “so!” it said; 5 < 6 > 4 & more [sic] 10 * 2",
)
_FRAGMENTS = (
    *"[]()<>!*_`~#|\\&:;=-+.\"'{}@/ \n\t\r$%^1aZé",
    *("![", "](", "][", "]:", "<a", "</", "<!--", "-->", "&#", "&lt;", "```", "~~", "www.", "https://", "http://"),
    *(
        "javascript:",
        "mailto:",
        "a@b.example",
        "evil.example",
        "x",
        "\x1b[",
        "\x1b]8;;",
        "\x9b",
        "\u202e",
        "\n\n",
        "1. ",
    ),
    *("- ", "# ", "> ", "    ", "|-|", "<img src=x onerror=y>", PIXEL, "onload=", "[1]", "[1]: ", "\\`", "“", "”"),
)
GOOD = ("https://courier.example/a?b=1&c=2_3*4", "http://courier.example:8080/~x/(y)#z", "https://müller.example/ä")

texts = st.one_of(
    st.sampled_from(PAYLOADS), st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join), st.text(max_size=40)
)
addresses = st.one_of(st.sampled_from(GOOD), texts, texts.map(lambda text: f"https://e.example/{text}"))


@dataclass(frozen=True)
class Written:
    """Everything in an answer, and around it, that the program did not write itself."""

    question: str
    sentence: str
    doubtful: str
    about: str
    position: str
    missing: str
    warning: str
    quote: str
    title: str
    source: str
    published: str
    place: str
    name: str
    url: str
    who: str

    @property
    def answer(self) -> Answer:
        """An answer that holds all of it."""
        first = Citation(
            1, Sentence("a1", 0, 0, 9, self.quote), self.title, self.source, self.published, self.url, ("a3",),
            who=self.who, who_at=len(self.quote),
        )  # fmt: skip
        second = Citation(
            2, Sentence("a2", 0, 0, 9, self.sentence), self.name, self.title, "2024-03-04", GOOD[0],
            who=self.who, who_at=len(self.sentence),
        )  # fmt: skip
        return Answer(
            self.question,
            self.name,
            (AnswerSentence(self.sentence, (first, second), "supported"), AnswerSentence(self.doubtful, (), "partly")),
            (),
            "answered",
            "",
            (Disagreement(self.about, (AnswerSentence(self.position, (second,), "supported"),)),),
            {"total": 1.0},
            self.name,
            evidence=(Evidence(3, first.sentence, self.title, self.source, self.published, self.url, score=0.5),),
            unconfirmed=(AnswerSentence(self.position, (), "unsupported"),),
            missing=self.missing,
            warnings=(self.warning,),
        )


written = st.builds(Written, **{f.name: addresses if f.name == "url" else texts for f in fields(Written)})
everywhere = [Written(*[text] * len(fields(Written))) for text in PAYLOADS]
