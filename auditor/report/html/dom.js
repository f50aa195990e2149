// Elements out of texts. Text goes in as text nodes and attributes alone: nothing here reads markup.

const NAMESPACE = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) add(element, child);
    else element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(NAMESPACE, tag), attributes, children);
}

function at(id) {
  return document.getElementById(id);
}

function put(id, ...children) {
  const element = at(id);
  element.replaceChildren();
  add(element, children);
  return element;
}

function number(count) {
  return count.toLocaleString("en");
}

function counted(count, noun) {
  const plural = noun.endsWith("y") ? noun.slice(0, -1) + "ies" : noun + "s";
  return number(count) + " " + (count === 1 ? noun : plural);
}

// Long names break behind their own separators, not in the middle of a word.
function breakable(text) {
  const parts = String(text).match(/[^\/:,@&=.]+[\/:,@&=.]*|[\/:,@&=.]+/g) || [];
  const made = [];
  for (const part of parts) made.push(part, document.createElement("wbr"));
  return made;
}

function severityTag(severity, status) {
  const name = status && status !== "open" ? status : severity;
  return h("span", { class: "tag sev-" + name }, name === "error" ? "failed check" : name);
}

function powerTag(level, small) {
  return h("span", { class: "tag power power-" + level + (small ? " small" : "") }, POWER_WORDS[level] || level);
}

function reachTag(reach) {
  return h("span", { class: "reach reach-" + reach },
    h("span", { class: "glyph", "aria-hidden": "true" }, REACH[reach].glyph), REACH[reach].short);
}
