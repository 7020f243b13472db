"""A browser that does what its person would: open the address, press the button. Proxy and CA by environment."""

import html
import re
import sys

import requests

page = requests.get(sys.argv[1], timeout=20)
form = re.search(r'<form method="post" action="([^"]*)">(.*?)</form>', page.text, re.DOTALL)
if form:
    fields = re.findall(r'name="([^"]*)" value="([^"]*)"', form.group(2))
    answers = {html.unescape(name): html.unescape(value) for name, value in fields}
    requests.post(html.unescape(form.group(1)), data=answers, timeout=20)
