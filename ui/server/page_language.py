"""What a browser is sent in its language: the page, which was built once for everybody, and a refusal of it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onrecord.ui.page.language import speaking, spoken, wanted
from onrecord.ui.page.messages import said

BUILT = ("/", "/config")


def refusal_for(scope: Scope, text: str) -> str:
    """``text`` in the language of a browser that a person opens a page with; as it is for any other program."""
    headers = Headers(scope=scope)
    if "text/html" not in headers.get("accept", ""):
        return text
    with speaking(wanted(headers)):
        return said(text)


class PageLanguage:
    """ASGI middleware around the mounted page. What the page draws later knows its language from the request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in BUILT:
            await self.app(scope, receive, send)
            return
        code = wanted(Headers(scope=scope))
        start: Message = {}
        body = bytearray()

        async def translated(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = spoken(body.decode(), code).replace('lang="en"', f'lang="{code}"', 1).encode()
            headers = MutableHeaders(raw=start["headers"])
            headers["content-length"], headers["content-language"] = str(len(page)), code
            headers.add_vary_header("Accept-Language")
            headers.add_vary_header("Cookie")
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, translated)
