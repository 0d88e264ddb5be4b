// The site page is read again every two seconds; what had the focus keeps it.
"use strict";

async function refresh() {
  try {
    const answer = await fetch("/site?part", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    const held = document.activeElement && document.activeElement.id;
    const chosen = String(document.getSelection());
    if (!chosen) document.getElementById("body").innerHTML = html;
    if (held && document.getElementById(held)) document.getElementById(held).focus();
    document.getElementById("lost").hidden = true;
  } catch {
    document.getElementById("lost").hidden = false;
  }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 2000);
