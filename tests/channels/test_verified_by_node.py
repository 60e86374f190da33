import json
import shutil
import subprocess

import pytest

from chalicelib.channels.indiepulse import IndiePulse
from chalicelib.core.alerts import Reason
from tests.channels.stories import story

NODE = shutil.which("node")
SECRET = "a secret of ours"

# The document's own function, less its types, and a program that reads what came from standard input.
PROGRAM = """
import crypto from 'crypto';
import fs from 'fs';

function verifyWebhook(body, signature, secret) {
  const expected = crypto
    .createHmac('sha256', secret)
    .update(body)
    .digest('hex');
  return crypto.timingSafeEqual(
    Buffer.from(signature),
    Buffer.from(expected)
  );
}

const { body, headers, secret } = JSON.parse(fs.readFileSync(0, 'utf8'));
const req = { headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])) };
console.log(verifyWebhook(body, req.headers['x-indiepulse-signature'], secret));
"""


def verified(heard, body):
    """Return what the document's function says of *body* under the headers of *heard*."""
    told = json.dumps({"body": body.decode(), "headers": heard.headers, "secret": SECRET})
    run = subprocess.run(  # noqa: S603  the program stands above
        [NODE, "--input-type=module", "-e", PROGRAM], input=told, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@pytest.mark.skipif(NODE is None, reason="this machine has no node to run the document's JavaScript")
def test_the_documents_own_function_verifies_what_is_sent(outlet, receiver):
    """`verifyWebhook` is true of a request as it came, and false with one byte changed (R211-R212)."""
    config = {"url": receiver.url, "secret": SECRET}
    IndiePulse(IndiePulse.check(config, allow_private=True), outlet).send(
        story(Reason.WENT_DOWN, name="Größe 日 \U0001f525")
    )
    [heard] = receiver.heard
    assert verified(heard, heard.body) == "true"
    assert verified(heard, heard.body.replace(b"incident", b"Incident", 1)) == "false"
