"""Building the image of an environment, in words: practice installs nothing, but it knows what would not install."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(?:==\s*([0-9][0-9.]*))?")
_LAST_WITH_GPU_WHEELS = (2, 11)


@dataclass(frozen=True, slots=True)
class BuildProblem:
    """Why a build fails: the line that matters, and what the log ends with."""

    message: str
    log: str


def find_build_problem(environment: Mapping[str, Any]) -> BuildProblem | None:
    """What pip would stumble over. Superficial: one package that everybody copies from old guides."""
    python = environment.get("python")
    conda = python.get("condaDependencies") if isinstance(python, dict) else None
    if not isinstance(conda, dict):
        return None
    version = _python_version(conda)
    for requirement in _pip_requirements(conda):
        match = _REQUIREMENT.match(requirement)
        if match and re.sub(r"[._]", "-", match[1]).lower() == "tensorflow-gpu":
            return _gpu_package_problem(requirement.strip(), match[2], version)
    return None


def build_log(image: str, environment: Mapping[str, Any], problem: BuildProblem | None) -> str:
    """The build log that the workspace's storage holds."""
    docker = environment.get("docker")
    base = (docker.get("baseImage") if isinstance(docker, dict) else None) or "a Dockerfile"
    lines = [f"Building image {image} from {base}", "Solving environment: done"]
    if problem is None:
        return "\n".join([*lines, "Installing pip dependencies: done", f"Successfully pushed {image}", ""])
    failed = ["Installing pip dependencies: ...working...", problem.log, "CondaEnvException: Pip failed"]
    return "\n".join([*lines, *failed, ""])


def _pip_requirements(conda: Mapping[str, Any]) -> Iterator[str]:
    for entry in _list(conda.get("dependencies")):
        if isinstance(entry, dict):
            yield from (str(requirement) for requirement in _list(entry.get("pip")))


def _list(value: Any) -> list[Any]:
    # The conda part is anybody's YAML; what cannot be read here is let pass.
    return value if isinstance(value, list) else []


def _python_version(conda: Mapping[str, Any]) -> tuple[int, int]:
    for entry in _list(conda.get("dependencies")):
        match = re.match(r"python\s*[=<>~]*\s*(\d+)\.(\d+)", entry) if isinstance(entry, str) else None
        if match:
            return int(match[1]), int(match[2])
    return 3, 8  # what the SDK writes when nobody says


def _gpu_package_problem(requirement: str, pin: str | None, python: tuple[int, int]) -> BuildProblem | None:
    if pin is None or _numbers(pin) > _LAST_WITH_GPU_WHEELS:
        # The name is a stub since 2.12: its setup refuses to install anything.
        message = 'The "tensorflow-gpu" package has been removed! Please install "tensorflow" instead.'
        log = "\n".join(
            (
                f"Collecting {requirement}",
                "  Preparing metadata (setup.py): finished with status 'error'",
                "  error: subprocess-exited-with-error",
                "  × python setup.py egg_info did not run successfully.",
                "  │ exit code: 1",
                "  =========================================================",
                f"  {message}",
                "  Other than the name, the two packages have been identical since TensorFlow 2.1, or roughly since "
                "Sep 2019.",
                "  =========================================================",
                "error: metadata-generation-failed",
            )
        )
        return BuildProblem(message, log)
    has_wheel = python <= ((3, 7) if _numbers(pin)[0] == 1 else (3, 10))
    if has_wheel:
        return None
    message = f"ERROR: No matching distribution found for {requirement}"
    versions = "2.12.0" if python >= (3, 11) else "2.2.0, 2.11.0, 2.12.0"
    reason = f"ERROR: Could not find a version that satisfies the requirement {requirement} (from versions: {versions})"
    return BuildProblem(message, f"{reason}\n{message}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part)
