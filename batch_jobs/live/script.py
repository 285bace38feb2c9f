"""What keeps the live page live: it asks for itself again and swaps the parts that changed. No part of it is data."""

import base64
import hashlib

SCRIPT = """
const parts = ["notice", "as-of", "parts"];
const every = Number(document.documentElement.dataset.refresh) * 1000;
function show(id, markup) {
  const here = document.getElementById(id);
  if (here.innerHTML !== markup) here.innerHTML = markup;
}
async function refresh() {
  if (document.hidden || !document.getSelection().isCollapsed) return;
  try {
    const reply = await fetch("/", {cache: "no-store"});
    if (!reply.ok) throw new Error(String(reply.status));
    const next = new DOMParser().parseFromString(await reply.text(), "text/html");
    for (const id of parts) show(id, next.getElementById(id).innerHTML);
  } catch {
    show("notice", "<p class=\\"warning\\">Nothing answers any more: what is shown is old. Run make live again.</p>");
  }
}
async function go() { await refresh(); setTimeout(go, every); }
document.addEventListener("visibilitychange", refresh);
setTimeout(go, every);
"""

_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; script-src 'sha256-{_DIGEST}'; style-src 'unsafe-inline'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The browser itself holds the page to this one script, and to asking nobody but its own server."""
