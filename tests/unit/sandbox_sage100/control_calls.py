"""The control API of a home, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from include.sandbox.sage100.control import router

BASE = "/_sandbox/sage100"


class Api:
    """Calls it and gives the answer."""

    def __init__(self, home: Path) -> None:
        self._app = FastAPI()
        self._app.include_router(router(home))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())

    def get(self, path: str, **params: object) -> httpx.Response:
        return self.ask("GET", path, params=params)

    def post(self, path: str, json: object = None) -> httpx.Response:
        return self.ask("POST", path, json=json)

    def delete(self, path: str) -> httpx.Response:
        return self.ask("DELETE", path)
