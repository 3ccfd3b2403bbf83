"""A small client of the language server protocol, over a process's standard streams."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 60  # seconds for an answer: a machine under load is slow to start Node

SETTINGS = {
    "yaml": {
        "schemaStore": {"enable": False},  # schemas come from the files' first lines alone
        "completion": True,
        "hover": True,
        "validate": True,
    }
}


class Server:
    """A language server for YAML: it is given documents, and asked about places of their text."""

    def __init__(self, command: Sequence[str], root: Path) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.incoming: queue.Queue[dict[str, Any]] = queue.Queue()
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.number = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        uri = root.as_uri()
        self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "workspaceFolders": [{"uri": uri, "name": root.name}],
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {
                        "completion": {
                            "completionItem": {
                                "documentationFormat": ["markdown"],
                                "snippetSupport": True,
                            }
                        },
                        "hover": {"contentFormat": ["markdown"]},
                    },
                },
            },
        )
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": SETTINGS})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    # Documents ------------------------------------------------------------------------------------

    def open(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Opens a document with this text and gives what the server finds wrong in it."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.diagnostics.pop(path.as_uri(), None)
        self.tell("textDocument/didOpen", {"textDocument": document})
        while path.as_uri() not in self.diagnostics:
            self._take()
        return self.diagnostics[path.as_uri()]

    def complete(self, path: Path, line: int, column: int) -> dict[str, str]:
        """What is offered at a place (from 0), each with its description."""
        found = self.ask("textDocument/completion", _at(path, line, column))
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"]: _plain(item.get("documentation")) for item in items}

    def hover(self, path: Path, line: int, column: int) -> str:
        """What is shown of the word at a place (from 0)."""
        found = self.ask("textDocument/hover", _at(path, line, column))
        return _plain(found and found["contents"])

    # Messages -------------------------------------------------------------------------------------

    def ask(self, method: str, params: Any) -> Any:
        """Sends a request and waits for its result."""
        self.number += 1
        number = self.number
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._take()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message.get("result")

    def tell(self, method: str, params: Any) -> None:
        """Sends what needs no answer."""
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """The next message; what the server asks of its client is answered on the way."""
        message = self.incoming.get(timeout=PATIENCE)
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            answer: Any = None
            if message["method"] == "workspace/configuration":
                answer = [SETTINGS.get(item["section"]) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": answer})
        return message

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stream.readline()
            self.incoming.put(json.loads(stream.read(length)))


def _at(path: Path, line: int, column: int) -> dict[str, Any]:
    position = {"line": line, "character": column}
    return {"textDocument": {"uri": path.as_uri()}, "position": position}


def _plain(documentation: Any) -> str:
    if isinstance(documentation, dict):
        return str(documentation.get("value", ""))
    return str(documentation or "")
