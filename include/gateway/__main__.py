"""``python -m include.gateway``: serve until told to stop. Settings come from the environment."""

from __future__ import annotations

import logging


def main() -> None:
    """Serve with uvicorn, one service process; Sage's work is done in the workers it starts."""
    import uvicorn  # noqa: PLC0415 - workers import this module too and need no server

    from include.gateway.app import create_app  # noqa: PLC0415
    from include.gateway.settings import Settings  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings()
    secret = settings.tls_key_password
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        ssl_keyfile_password=secret.get_secret_value() if secret else None,
        access_log=False,
        log_config=None,
    )


if __name__ == "__main__":
    main()
