"""The two keys of a web service: derived anew each time, so that no file holds one."""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken

from gpu_assistant.practice.azure.records import Service

PRIMARY, SECONDARY = "Primary", "Secondary"
_LENGTH = 32


class KeyMaker:
    """Derives keys from the service's uid and generation; a key that a user chose is kept encrypted."""

    def __init__(self, key_secret: bytes, sealing_secret: bytes) -> None:
        self._key_secret = key_secret
        self._box = Fernet(base64.urlsafe_b64encode(sealing_secret[:32]))

    def key(self, service: Service, kind: str) -> str:
        """The present `Primary` or `Secondary` key."""
        sealed = service.sealed_keys.get(kind)
        if sealed is not None:
            try:
                return self._box.decrypt(sealed.encode()).decode()
            except InvalidToken:
                pass  # the secret of the data folder was made anew; a derived key is better than none
        text = f"{service.uid}/{kind}/{service.key_generations.get(kind, 1)}"
        digest = hmac.digest(self._key_secret, text.encode(), "sha256")
        return base64.b64encode(digest, altchars=b"Aa").decode()[:_LENGTH]

    def seal(self, key: str) -> str:
        """A chosen key as it may be written to a file."""
        return self._box.encrypt(key.encode()).decode()

    def accepts(self, service: Service, given: str, *, oldest_generation: int = 1) -> bool:
        """Whether `given` is one of the keys, not counting generations before `oldest_generation`."""
        kinds = [kind for kind in (PRIMARY, SECONDARY) if service.key_generations.get(kind, 1) >= oldest_generation]
        # Every comparison is made, so that the time tells nothing.
        matches = [hmac.compare_digest(self.key(service, kind).encode(), given.encode()) for kind in kinds]
        return any(matches)
