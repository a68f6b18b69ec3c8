"""Our own OpenAPI document, taken at its word: whatever it allows, and much that it does not, gives no 5xx."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error, response_schema_conformance

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
    behind.library.close()
    others.close()


# The document says the same whatever is behind it, so it is there before any server is.
schema = schemathesis.openapi.from_dict(api_app(cast(Service, None)).openapi())


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_breaks_the_server(case: Any, address: str) -> None:
    response = case.call(base_url=f"{address}/api/v1")
    case.validate_response(response, checks=[not_a_server_error, response_schema_conformance])
