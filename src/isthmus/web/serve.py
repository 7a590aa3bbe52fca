"""Start the server: find the port, warm up the model, open the browser."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

from isthmus.errors import Fault, InputError
from isthmus.web.app import create_app
from isthmus.web.edits import State
from isthmus.web.model import Model
from isthmus.web.packed import Packed

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["serve"]


def serve(
    facts: Facts,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    browser: bool = True,
    method: str = "stochastic",
    gap: float = 1e-6,
    ready: Callable[[str], None] | None = None,
) -> None:
    """
    Serve the map until interrupted.

    Parameters
    ----------
    facts : Facts
    host : str
    port : int
        0 takes a free one.
    browser : bool
        Whether to open the page.
    method : str
    gap : float
        Of every assignment.
    ready : callable, optional
        Called with the address once the server listens.

    Raises
    ------
    InputError
        If the port is taken or the address is none of this machine's.
    """
    import uvicorn

    listening = _listen(host, port)
    model = Model(facts, method, gap)
    app = create_app(model, [host] if host not in ("0.0.0.0", "::") else ["*"])
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    threading.Thread(target=_warm, args=(app.state.packed, model), daemon=True).start()
    if ready is not None:
        ready(address)
    if browser:
        threading.Timer(0.3, webbrowser.open, [address]).start()
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        return


def _warm(packed: Packed, model: Model) -> None:
    """Make what the page asks for first, in that order, before it is asked for."""
    packed.warm()
    model.run(State())


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as problem:
        listening.close()
        raise InputError(
            [
                Fault(
                    "isthmus map",
                    f"{host}:{port} cannot be listened on: {problem}.",
                    "Take another: `isthmus map --port 0` finds a free one.",
                    "port",
                )
            ]
        ) from None
    return listening
