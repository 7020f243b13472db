"""SavedModels written by TensorFlow; the reader under test never sees TensorFlow."""

from __future__ import annotations

import pytest

from tests.fakes.saved_models import SavedModels
from tests.fakes.tensorflow import import_tensorflow


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> SavedModels:
    import_tensorflow()
    return SavedModels(tmp_path_factory.mktemp("saved_models"))
