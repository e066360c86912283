// Shows whether the exporter answers: a quiet word while it does, a banner and faded figures while it does not.

const root = document.documentElement;
const word = document.getElementById("link");
const banner = document.getElementById("lost");
const spoken = document.getElementById("spoken");

/** Tell screen readers, politely; said only when something happened. */
export function say(text) {
  spoken.textContent = text;
}

/** The exporter answered. */
export function answered() {
  if (root.dataset.link === "lost") say("The exporter answers again. The figures are current.");
  root.dataset.link = "live";
  word.textContent = "Live";
  banner.hidden = true;
}

/** It did not; `again` asks at once. The banner is filled once per outage, so that it is read out once. */
export function lost(why, again) {
  if (root.dataset.link === "lost") return;
  root.dataset.link = "lost";
  word.textContent = "Not connected";
  const asOf = document.querySelector("#as-of time")?.textContent;
  const since = document.createElement("strong");
  since.textContent = `Connection lost since ${new Date().toISOString().slice(11, 19)} UTC`;
  const rest = asOf ? `The values below are of ${asOf}.` : "No value was received yet.";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try now";
  button.addEventListener("click", again);
  banner.replaceChildren(since, ` (${why}). ${rest} Trying again. `, button);
  banner.hidden = false;
  say(`${since.textContent}. ${rest}`);
}
