"""A service that is no business of the opened workspace: known by its address and a key alone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.scoring import ScoredImage
from gpu_assistant.domain.secret import Secret
from gpu_assistant.domain.text import Text
from gpu_assistant.images import prepare_image
from gpu_assistant.scoring_client import ScoringClient, is_loopback
from gpu_assistant.workflows.score_image import read_answer


class ServiceElsewhere:
    """Asks it once for an image, as `score_image.Scorer` does a service of the workspace. Blocks."""

    def __init__(self, uri: str, key: Secret, client: ScoringClient, *, timeout_s: float = 65.0) -> None:
        """Raises BadSetting for an address that is none, or that would send the key in clear text over a network."""
        self._name = _checked(uri, key)
        self._uri = uri
        self._key = key
        self._client = client
        self._timeout_s = timeout_s

    def prepare(self, path: Path) -> tuple[bytes, ScoredImage]:
        """The bytes that are sent for a file, and the answer to them. Raises what scoring it would."""
        image = prepare_image(path)
        answer = self._client.post(self._uri, self._key, image, timeout_s=self._timeout_s)
        return image, read_answer(answer, path, service_name=self._name, timeout_s=self._timeout_s)

    def where(self) -> tuple[str, str, Secret]:
        """Name, scoring URI and key."""
        return self._name, self._uri, self._key


def _checked(uri: str, key: Secret) -> str:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username:
        raise BadSetting(setting=Text("Scoring URI"), reason=Text("must be https://HOST/PATH"))
    if parts.scheme == "http" and key and not is_loopback(host):
        reason = Text("with http:// the key would travel in clear text; use https://")
        raise BadSetting(setting=Text("Scoring URI"), reason=reason)
    return host
