// Asks for the page again once per period and brings in what changed. The server renders; nothing here knows of watts.
import { answered, lost, say } from "./connection.js";
import { morph } from "./morph.js";

const LONGEST_WAIT = 15_000;
const LEAST_PATIENCE = 4_000;

let period = periodOf(document);
let failures = 0;
let tag = "";
let timer = 0;
let asking = false;

async function look() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  try {
    await refresh();
    failures = 0;
    answered();
  } catch (problem) {
    failures += 1;
    lost(problem.message, look);
  } finally {
    asking = false;
    timer = setTimeout(look, failures ? Math.min(LONGEST_WAIT, period * 2 ** failures) : period);
  }
}

async function refresh() {
  const answer = await ask();
  if (answer.status === 304) return;
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  const wanted = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!wanted.body.dataset.build) throw new Error("something else answered");
  if (wanted.body.dataset.build !== document.body.dataset.build) return location.reload(); // another version
  const before = ended(document);
  document.title = wanted.title;
  morph(document.body, wanted.body);
  tag = answer.headers.get("ETag") ?? "";
  period = periodOf(document);
  announce(before);
}

async function ask() {
  const patience = AbortSignal.timeout(Math.max(LEAST_PATIENCE, 2 * period));
  const headers = tag ? { Accept: "text/html", "If-None-Match": tag } : { Accept: "text/html" };
  try {
    return await fetch(location.pathname, { headers, cache: "no-store", signal: patience });
  } catch (problem) {
    throw new Error(problem.name === "TimeoutError" ? "it does not answer in time" : "it cannot be reached");
  }
}

function ended(page) {
  return new Map([...page.querySelectorAll(".ended data.gross")].map((gross) => [gross.closest("tr").dataset.key, gross]));
}

/** An interval that got its joules while the reader was here is worth a sentence; several share one. */
function announce(before) {
  const fresh = [...ended(document)].filter(([key]) => !before.has(key)).map(([, gross]) => gross);
  if (fresh.length === 1) {
    const name = fresh[0].closest("tr").querySelector("th > span").textContent;
    say(`Interval ${name} ended: ${fresh[0].textContent}.`);
  } else if (fresh.length) {
    say(`${fresh.length} intervals ended.`);
  }
}

function periodOf(page) {
  return Math.max(500, 1000 * Number(page.body.dataset.period) || 1000);
}

document.addEventListener("visibilitychange", look);
window.addEventListener("online", look);
answered();
timer = setTimeout(look, period);
