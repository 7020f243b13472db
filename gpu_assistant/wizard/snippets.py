"""Programs that ask a web service, to be pasted as they are. Pure; the key is never part of them."""

from __future__ import annotations

import json
import shlex
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gpu_assistant.scoring_client import is_loopback
from gpu_assistant.workflows.score_image import Endpoint

KEY_VARIABLE = "GPU_ASSISTANT_KEY"
"""The environment variable that holds the key where the snippet runs."""
_IMAGE = "photo.jpg"
_BACKSLASH = chr(92)


def curl(endpoint: Endpoint) -> str:
    """For a POSIX shell (sh, bash, zsh). Prints the answer with its best class as JSON.

    The header goes to curl through a pipe: on its command line every user of the computer could read the key.
    """
    direct = f"--noproxy '*' {_BACKSLASH}\n  " if _is_here(endpoint) else ""
    return f"""\
# First, once: export {KEY_VARIABLE}=PASTE_THE_KEY_HERE
printf 'Authorization: Bearer %s' "${{{KEY_VARIABLE}:?is not set}}" |
  curl --silent --show-error --header @- {_BACKSLASH}
  {direct}--header 'Content-Type: application/octet-stream' {_BACKSLASH}
  --data-binary @{_IMAGE} {_BACKSLASH}
  {shlex.quote(_best_only(endpoint.scoring_uri))}
"""


def python(endpoint: Endpoint) -> str:
    """For Python 3 without any package. Prints the best class."""
    ask = "urllib.request.urlopen(request, timeout=60)"
    if _is_here(endpoint):
        ask = "urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)"
    return f"""\
# First, once: export {KEY_VARIABLE}=PASTE_THE_KEY_HERE
import json
import os
import pathlib
import urllib.request

request = urllib.request.Request(
    {_quoted(_best_only(endpoint.scoring_uri))},
    data=pathlib.Path("{_IMAGE}").read_bytes(),
    headers={{
        "Authorization": "Bearer " + os.environ["{KEY_VARIABLE}"],
        "Content-Type": "application/octet-stream",
    }},
)
answer = json.load({ask})
best = answer["predictions"][0]
print(best["label"] or best["index"], f"{{best['probability']:.1%}}")
"""


def javascript(endpoint: Endpoint) -> str:
    """For Node 18 or newer, as a module, a script or in its prompt. Prints the best class."""
    return f"""\
// First, once: export {KEY_VARIABLE}=PASTE_THE_KEY_HERE
async function main() {{
  const {{ readFile }} = await import("node:fs/promises");
  const response = await fetch({_quoted(_best_only(endpoint.scoring_uri))}, {{
    method: "POST",
    headers: {{
      "Authorization": `Bearer ${{process.env.{KEY_VARIABLE}}}`,
      "Content-Type": "application/octet-stream",
    }},
    body: await readFile("{_IMAGE}"),
  }});
  if (!response.ok) throw new Error(`HTTP ${{response.status}}: ${{await response.text()}}`);
  const best = (await response.json()).predictions[0];
  console.log(best.label ?? best.index, `${{(best.probability * 100).toFixed(1)}}%`);
}}
main();
"""


def _best_only(scoring_uri: str) -> str:
    """The scoring URI with `top=1`, which the scoring script understands and another one ignores."""
    parts = urlsplit(scoring_uri)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "top"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("top", "1")])))


def _is_here(endpoint: Endpoint) -> bool:
    """Whether it is the practice workspace of this computer, where a company's proxy must not be asked."""
    return is_loopback(urlsplit(endpoint.scoring_uri).hostname or "")


def _quoted(text: str) -> str:
    """A string literal of both Python and JavaScript."""
    return json.dumps(text)
