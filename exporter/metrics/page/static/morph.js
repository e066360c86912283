// Brings one tree to what another says, touching only what differs: focus, selection and scrolling stay where they are.

/** Make `shown` say what `wanted` says. Elements with data-own belong to a script and are left alone. */
export function morph(shown, wanted) {
  if (shown.nodeType !== Node.ELEMENT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return;
  }
  if (shown.hasAttribute("data-own")) return;
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name) && name !== "open") shown.removeAttribute(name); // the reader opened it
  }
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  children(shown, wanted);
}

function children(shown, wanted) {
  const keyed = new Map();
  for (const child of shown.children) if (key(child)) keyed.set(key(child), child);
  let next = shown.firstChild;
  for (const want of wanted.childNodes) {
    const found = key(want) ? keyed.get(key(want)) : next && !key(next) ? next : null;
    if (!found || found.nodeName !== want.nodeName) {
      shown.insertBefore(document.importNode(want, true), next);
      continue;
    }
    keyed.delete(key(want)); // a second one of that key is another thing
    if (found === next) next = next.nextSibling;
    else shown.insertBefore(found, next);
    morph(found, want);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/** What tells a node from its siblings: a row's key, or an id. */
function key(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : "";
}
