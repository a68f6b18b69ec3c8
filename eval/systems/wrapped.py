"""An engine around another one, for those that add a memory to it."""

from onrecord.qa.engines.base import Engine


class WrappedEngine:
    """Passes on what every engine has; what is asked of the model is left to who inherits."""

    def __init__(self, bare: Engine) -> None:
        self.bare = bare

    @property
    def name(self) -> str:
        return self.bare.name

    @property
    def context_tokens(self) -> int:
        return self.bare.context_tokens

    def count_tokens(self, text: str) -> int:
        return self.bare.count_tokens(text)

    def close(self) -> None:
        self.bare.close()
