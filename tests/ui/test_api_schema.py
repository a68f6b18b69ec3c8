"""Our own OpenAPI document, taken at its word: whatever it allows, and much that it does not, gives no 5xx."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings

from onrecord.ui.http.router import api_app
from onrecord.ui.http.service import Service
from tests.conftest import ARTICLES, FakeEmbedder
from tests.ui.behind_doors import Behind, Others, filled


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, others = tmp_path_factory.mktemp("schema"), Others(FakeEmbedder())
    filled(folder / "default", FakeEmbedder(), ARTICLES[1:])  # the name that the document gives as an example
    behind = Behind(folder / "first", FakeEmbedder(), ARTICLES, opener=others)
    with behind.served() as address:
        yield address
    behind.close()
    others.close()


# The document says the same whatever is behind it, so it is there before any server is.
DOCUMENT = api_app(cast(Service, None)).app.openapi()
OPERATIONS = [
    pytest.param(path, method, id=f"{method.upper()} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
]


@pytest.fixture(scope="module")
def schema() -> Any:
    import schemathesis  # not before: it takes seconds

    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_breaks_the_server(path: str, method: str, schema: Any, address: str) -> None:
    from schemathesis.checks import not_a_server_error, response_schema_conformance

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy())
    def send(case: Any) -> None:
        response = case.call(base_url=f"{address}/api/v1")
        case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])

    send()
