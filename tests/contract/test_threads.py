"""A document is made at its first use, and a server's first requests come on several threads."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from chatapi import docs
from tests.contract.documents import rest_document


def test_many_who_ask_at_the_same_time_get_the_same_document():
    """Without turns all but one of them fail."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    docs._make_document.cache_clear()
    try:
        with ThreadPoolExecutor(8) as pool:
            documents = set(pool.map(lambda _: docs._document(), range(8)))
    finally:
        sys.setswitchinterval(usual)
    assert len(documents) == 1
    assert json.loads(documents.pop())["paths"].keys() == rest_document()["paths"].keys()
