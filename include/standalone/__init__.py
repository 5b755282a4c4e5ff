"""One machine, no installation: embedded PostgreSQL, the environment, a supervisor, the demo.

Nothing in this room is needed in production, where Compose, Helm or systemd do its work; the
commands it runs are the same ones (``tests/unit/test_compose.py`` holds them together).
"""
