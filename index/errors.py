"""Every error that OnRecord raises on purpose.

::

    OnRecordError
    ├── InputError            what the person gave cannot be used; the message names it and the cure
    │   ├── FetchError        an address could not be fetched
    │   ├── ReadError         a file or text could not be read as an article
    │   └── UnknownArticle    no article has this id
    ├── StoreError            the data folder cannot be used as it is
    │   ├── LibraryBusy       another process owns the data folder
    │   ├── LibraryClosed     the Library was closed before this call
    │   ├── DiskFull          there is no room for what was to be written
    │   └── IndexMismatch     the index was built with other settings or another embedder
    ├── Stopped               it was stopped before it was finished
    ├── WorkersError          a cluster of workers cannot be reached, or failed
    ├── MissingExtra          a package is missing that an extra of onrecord brings
    └── ModelError            a model is missing, damaged, or failed
        └── ModelMissing      the model has not been pulled yet

A message says what happened, with the value, and what to do next, in one sentence or two.
"""


class OnRecordError(Exception):
    """The root of the tree; catch this to catch everything that OnRecord raises on purpose."""


class InputError(OnRecordError):
    """What the person gave cannot be used."""


class ReadError(InputError):
    """A file or a text could not be read as an article."""


class FetchError(InputError):
    """An address could not be fetched. ``passing``: it may well be fetched later."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class UnknownArticle(InputError):
    """No article has this id."""


class StoreError(OnRecordError):
    """The data folder cannot be used as it is."""


class LibraryBusy(StoreError):
    """Another process owns the data folder."""


class LibraryClosed(StoreError):
    """The Library was closed before this call."""


class DiskFull(StoreError):
    """There is no room for what was to be written; what was stored before is intact."""


class IndexMismatch(StoreError):
    """The index was built with other settings or another embedder."""


class Stopped(OnRecordError):
    """What was under way was stopped before it was finished, by who had asked for it."""


class WorkersError(OnRecordError):
    """A cluster of workers cannot be reached, or failed."""


class MissingExtra(OnRecordError, ImportError):
    """A package is not installed that an extra of onrecord brings."""


class ModelError(OnRecordError):
    """A model is missing, damaged, or failed."""


class ModelMissing(ModelError):
    """The model has not been pulled yet."""
