"""Blobs behind signed addresses (SAS): what they weigh, and their bytes, bounded.

A signed address is a secret that opens the blob to anybody. So it travels without the sign-in token, it is never
part of an error, and no redirect carries it elsewhere; the logs black out `sig=` wherever it is said.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from gpu_assistant.backends.sdk_v1.errors import About, error_of_response, to_assistant_error
from gpu_assistant.domain.errors import AssistantError, CannotReachAzure, ModelError, UnexpectedAnswer
from gpu_assistant.domain.text import Text

_PIECE_BYTES = 256 << 10
_PAUSES_S = (0.5, 2.0)  # between tries of a download that broke off in the middle
_AS_IT_IS = {"Accept-Encoding": "identity"}

# Storage answers 500 and 503 when it is busy, and asks for another try.
_READ_AGAIN = Retry(
    total=3,
    connect=2,
    redirect=0,
    backoff_factor=0.3,
    status_forcelist=(500, 503),
    allowed_methods={"GET", "HEAD"},
    raise_on_status=False,
)

OnBytes = Callable[[int, int], None]
"""Called with how many bytes of a blob are there by now, and how many it has (0 when that is not told)."""

log = logging.getLogger(__name__)


class BlobMissing(Exception):
    """The storage has no such blob (any more)."""


class BlobTooLarge(Exception):
    """The blob has more bytes than the caller takes."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self.size_bytes = size_bytes


class SignedBlobs:
    """Reads blobs by their signed addresses over one kept connection; for one thread.

    `about` tells what is being read. Raises BlobMissing, BlobTooLarge and AssistantErrors.
    """

    def __init__(self, about: About, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._about = about
        self._sleep = sleep
        self.session = requests.Session()
        self.session.mount("https://", HTTPAdapter(max_retries=_READ_AGAIN))

    def close(self) -> None:
        """Give the connection back."""
        self.session.close()

    def size_bytes(self, address: str) -> int | None:
        """How large a blob is; None when the storage does not tell."""
        with self._ask("HEAD", address) as answer:
            if answer.status_code == 200:
                return _told_bytes(answer)
            log.info("the size of a file is not told: HTTP %s", answer.status_code)
            return None

    def save(self, address: str, file: Path, *, limit_bytes: int, on_bytes: OnBytes) -> None:
        """Write a blob to `file`, whole or not at all."""
        for pause_s in (*_PAUSES_S, None):
            trouble = self._save_once(address, file, limit_bytes, on_bytes)
            if trouble is None:
                return
            if pause_s is None or not isinstance(trouble, CannotReachAzure):
                raise trouble
            self._sleep(pause_s)

    def _save_once(self, address: str, file: Path, limit_bytes: int, on_bytes: OnBytes) -> AssistantError | None:
        """The error when the download broke off, or the disk refused it."""
        unfinished = file.with_name(f"{file.name}.part")
        with self._ask("GET", address) as answer:
            if answer.status_code != 200:
                raise error_of_response(answer, about=self._about)
            total_bytes = _told_bytes(answer) or 0
            if total_bytes > limit_bytes:
                raise BlobTooLarge(total_bytes)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                with unfinished.open("wb") as target:
                    for piece in answer.iter_content(_PIECE_BYTES):
                        target.write(piece)
                        done_bytes = target.tell()
                        if done_bytes > limit_bytes:
                            raise BlobTooLarge(done_bytes)
                        on_bytes(done_bytes, total_bytes)
                os.replace(unfinished, file)
            except requests.RequestException as exc:
                return to_assistant_error(exc, self._about)
            except OSError as exc:
                why = exc.strerror or "the disk refused it"
                return ModelError(reason=Text("{file} cannot be written: {reason}.", file=file, reason=why))
            finally:
                unfinished.unlink(missing_ok=True)
        return None

    def _ask(self, method: str, address: str) -> requests.Response:
        if not address.startswith("https://"):
            raise UnexpectedAnswer(what=self._about.what, reason=Text("a file has no https address"))
        try:
            answer = self.session.request(method, address, headers=_AS_IT_IS, stream=True, allow_redirects=False)
        except requests.RequestException as exc:
            trouble = to_assistant_error(exc, self._about)
        else:
            if answer.status_code == 404:
                answer.close()
                raise BlobMissing
            return answer
        raise trouble  # outside of the handler, for the exception tells the whole address


def _told_bytes(answer: requests.Response) -> int | None:
    told = answer.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() else None
