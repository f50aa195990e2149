// Issuers → whom they speak for → identities → what those may do. What is wide is heavy, coloured and of another form.

const ROOM_WIDE = { issuer: 8, origin: 14, identity: 16, power: 7 };
const ROOM_NARROW = { issuer: 5, origin: 10, identity: 12, power: 7 };
const NARROW = 700;

// Pixels that a line takes up at the side of a node; a node is as tall as its lines need.
const WEIGHTS = { anyone: 8, organisation: 5.5, run: 3.5, unknown: 4, pinned: 2.5, nobody: 2.5 };
const MARGIN = 4;
const TALLEST = 110;
const COLUMNS = ["issuer", "origin", "identity", "power"];
const COLUMN_NAMES = {
  issuer: "Issuers", origin: "Repositories, projects, tenants", identity: "Identities", power: "What they may do",
};

// A trust belongs to one node of a column, or to several: whom it lets in may be a list.
function keysOf(trust, column) {
  switch (column) {
    case "issuer": return [String(trust.issuer)];
    case "origin": return trust.origins.length ? trust.origins.map((name) => trust.issuer + " " + name) : [];
    case "identity": return [String(trust.identity)];
    default: return [trust.power];
  }
}

function describe(trust, column, key) {
  switch (column) {
    case "issuer": {
      const [url, name] = HEAD.issuers[trust.issuer];
      return { label: name, sub: url.replace(/^https:\/\//, ""), filters: { issuer: url } };
    }
    case "origin": {
      const name = key.slice(key.indexOf(" ") + 1);
      const [url, platform] = HEAD.issuers[trust.issuer];
      return { label: name, sub: platform, filters: { issuer: url, origin: name } };
    }
    case "identity": {
      const one = SUBJECTS[trust.identity];
      return { label: one.name, sub: cloudName(cloudOf(one)) + " " + one.scope, subject: one };
    }
    default: return { label: POWER_WORDS[trust.power] || trust.power, sub: POWER_MEANING[trust.power], filters: { power: trust.power } };
  }
}

// The worst nodes of each column, and one for all others.
function nodesOf(column, shown, room) {
  const found = new Map();
  for (const trust of shown) {
    for (const key of keysOf(trust, column)) {
      let node = found.get(key);
      if (!node) {
        node = { column, key, ...describe(trust, column, key), trusts: [], reach: "nobody", badness: 0 };
        found.set(key, node);
      }
      node.trusts.push(trust);
      if (REACH[trust.reach].rank > REACH[node.reach].rank) node.reach = trust.reach;
      node.badness = Math.max(node.badness, trust.badness);
    }
  }
  const nodes = [...found.values()];
  if (column === "power") {
    return { nodes: nodes.sort((a, b) => POWERS.indexOf(a.key) - POWERS.indexOf(b.key)), hidden: new Map() };
  }
  nodes.sort((a, b) => REACH[b.reach].rank - REACH[a.reach].rank || b.badness - a.badness || b.trusts.length - a.trusts.length);
  const kept = nodes.length > room ? nodes.slice(0, room - 1) : nodes;
  const rest = nodes.slice(kept.length);
  const hidden = new Map();
  if (rest.length) {
    const trusts = [...new Set(rest.flatMap((node) => node.trusts))];
    const reach = rest.reduce((widest, node) => (REACH[node.reach].rank > REACH[widest].rank ? node.reach : widest), "nobody");
    const more = { column, key: "…", label: "and " + number(rest.length) + " more", sub: "", trusts, reach, badness: 0, rest: true };
    kept.push(more);
    for (const node of rest) hidden.set(node.key, more);
  }
  return { nodes: kept, hidden };
}

function graphOf(columns, room) {
  const living = TRUSTS.filter((trust) => trust.origins.length);
  const made = columns.map((column) => nodesOf(column, living, room[column]));
  const nodes = made.map((one) => one.nodes);
  const named = made.map((one) => new Map([...one.nodes.map((node) => [node.key, node]), ...one.hidden]));
  const edges = new Map();
  for (const trust of living) {
    for (let step = 0; step + 1 < columns.length; step += 1) {
      for (const from of ends(trust, columns[step], named[step])) {
        for (const to of ends(trust, columns[step + 1], named[step + 1])) {
          // What is drawn together with others is told apart by its width, lest a few wide ones colour them all.
          const key = [step, from.key, to.key, from.rest || to.rest ? trust.reach : ""].join("\n");
          let edge = edges.get(key);
          if (!edge) {
            edge = { from, to, trusts: [], reach: "nobody" };
            edges.set(key, edge);
          }
          edge.trusts.push(trust);
          if (REACH[trust.reach].rank > REACH[edge.reach].rank) edge.reach = trust.reach;
        }
      }
    }
  }
  const lines = [...edges.values()].sort((a, b) => REACH[a.reach].rank - REACH[b.reach].rank);
  arrange(nodes, lines);
  return { nodes, edges: lines, dead: TRUSTS.length - living.length };
}

function ends(trust, column, named) {
  return new Set(keysOf(trust, column).map((key) => named.get(key)));
}

// Nodes stand near what they hang together with, so that few lines cross; "more" stands last.
function arrange(nodes, edges) {
  const place = new Map();
  const settle = (column) => column.forEach((node, index) => place.set(node, index / Math.max(column.length - 1, 1)));
  nodes.forEach(settle);
  const pull = (node, side, other) => {
    const linked = edges.filter((edge) => edge[side] === node);
    return linked.length ? linked.reduce((sum, edge) => sum + place.get(edge[other]), 0) / linked.length : place.get(node);
  };
  for (let turn = 0; turn < 4; turn += 1) {
    const order = turn % 2 ? nodes.slice(0, -1).reverse() : nodes.slice(1);
    for (const column of order) {
      if (!column.length || column[0].column === "power") continue;
      const wanted = new Map(column.map((node) => [node, turn % 2 ? pull(node, "from", "to") : pull(node, "to", "from")]));
      column.sort((a, b) => Boolean(a.rest) - Boolean(b.rest) || wanted.get(a) - wanted.get(b));
      settle(column);
    }
  }
}

let drawn = null;

function showPicture() {
  if (!TRUSTS.some((trust) => trust.origins.length)) {
    at("picture-section").hidden = true;
    return;
  }
  put("legend", REACHES.filter((reach) => reach !== "nobody" && TRUSTS.some((trust) => trust.reach === reach)).map((reach) =>
    h("li", {}, h("a", { class: "jump", href: address({ tab: "trusts", filters: { reach } }) },
      sample(reach), h("span", {}, REACH[reach].long),
      h("span", { class: "muted" }, number(TRUSTS.filter((trust) => trust.reach === reach).length))))));
  const canvas = at("picture");
  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth === width) return;
    width = canvas.clientWidth;
    draw(canvas);
  }).observe(canvas);
}

function sample(reach) {
  return svg("svg", { class: "sample", viewBox: "0 0 34 12", "aria-hidden": "true" }, strokes("M1 6 H33", reach));
}

// Wide lines are drawn twice: a band, and on it a row of dashes like the middle of a road.
function strokes(path, reach) {
  const lines = [svg("path", { d: path, class: "line line-" + reach })];
  if (reach === "anyone" || reach === "organisation") lines.push(svg("path", { d: path, class: "line inner inner-" + reach }));
  return lines;
}

function draw(canvas) {
  const narrow = canvas.clientWidth < NARROW;
  const columns = narrow ? ["origin", "identity"] : COLUMNS;
  const graph = graphOf(columns, narrow ? ROOM_NARROW : ROOM_WIDE);
  const lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  const boxes = graph.nodes.map((column, index) => h("div", { class: "column column-" + columns[index] },
    h("h3", {}, COLUMN_NAMES[columns[index]]),
    h("ul", {}, column.map((node) => h("li", {}, nodeElement(node))))));
  canvas.replaceChildren(lines, h("div", { class: "columns columns-" + columns.length }, boxes));
  for (const node of graph.nodes.flat()) {
    const most = Math.max(...["from", "to"].map((side) => weightOf(graph.edges.filter((edge) => edge[side] === node))));
    node.element.style.minHeight = Math.min(most + 2 * MARGIN, TALLEST) + "px";
  }
  const frame = canvas.getBoundingClientRect();
  lines.setAttribute("width", frame.width);
  lines.setAttribute("height", frame.height);
  dock(graph);
  for (const edge of graph.edges) {
    const path = curve(edge, frame);
    const label = edge.from.label + " → " + edge.to.label + ": " + counted(edge.trusts.length, "trust") + ", " + REACH[edge.reach].long;
    edge.element = svg("g", { class: "edge" }, svg("title", {}, label), svg("path", { d: path, class: "grip" }), strokes(path, edge.reach));
    edge.element.addEventListener("click", () => follow(edge.trusts, { ...edge.from.filters, ...edge.to.filters }));
    edge.element.addEventListener("pointerenter", () => light([edge.from, edge.to], new Set(edge.trusts)));
    edge.element.addEventListener("pointerleave", unlight);
    lines.append(edge.element);
  }
  drawn = graph;
  const dead = graph.dead ? " " + counted(graph.dead, "dead trust") + " let nobody in and " + (graph.dead === 1 ? "is" : "are") + " not drawn." : "";
  put("picture-note", (narrow ? "On the left whom tokens speak for, on the right as what they get in. "
    : "From left to right: who mints a token, for whom, as what it gets in, and what that may do. ")
    + "Choose anything to see the trusts behind it." + dead);
}

function weightOf(edges) {
  return edges.reduce((sum, edge) => sum + WEIGHTS[edge.reach], 0);
}

// Every line has a place of its own where it leaves and where it arrives, in the order of the other ends.
function dock(graph) {
  for (const node of graph.nodes.flat()) {
    for (const [side, other, depth] of [["from", "to", "leaves"], ["to", "from", "arrives"]]) {
      const here = graph.edges.filter((edge) => edge[side] === node);
      const top = (edge) => edge[other].element.getBoundingClientRect().top;
      here.sort((a, b) => top(a) - top(b));
      const room = node.element.offsetHeight - 2 * MARGIN;
      const scale = Math.min(1, room / Math.max(weightOf(here), 1));
      let from = (node.element.offsetHeight - scale * weightOf(here)) / 2;
      for (const edge of here) {
        edge[depth] = from + (scale * WEIGHTS[edge.reach]) / 2;
        from += scale * WEIGHTS[edge.reach];
      }
    }
  }
}

function curve(edge, frame) {
  const from = edge.from.element.getBoundingClientRect();
  const to = edge.to.element.getBoundingClientRect();
  const [x1, y1] = [from.right - frame.left, from.top + edge.leaves - frame.top];
  const [x2, y2] = [to.left - frame.left, to.top + edge.arrives - frame.top];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function nodeElement(node) {
  const mark = node.column === "origin" || node.column === "identity" ? REACH[node.reach] : null;
  const label = [node.label, node.sub, counted(node.trusts.length, "trust"), mark ? mark.long : ""].filter(Boolean).join(", ");
  node.element = h("button", {
    type: "button",
    class: "node node-" + node.column + " node-" + node.reach + (node.column === "power" ? " power-" + node.key : "") + (node.rest ? " node-rest" : ""),
    title: node.sub ? node.label + "\n" + node.sub : node.label,
    "aria-label": label,
    onclick: () => (node.subject ? follow(node.trusts, null, node.subject) : follow(node.trusts, node.filters, null, node)),
    onpointerenter: () => light([node], new Set(node.trusts)),
    onpointerleave: unlight,
    onfocus: () => light([node], new Set(node.trusts)),
    onblur: unlight,
  },
  mark ? h("span", { class: "glyph reach-" + node.reach }, mark.glyph) : null,
  h("span", { class: "name" }, node.label),
  node.column !== "identity" && node.trusts.length > 1 ? h("span", { class: "many" }, number(node.trusts.length)) : null);
  return node.element;
}

// One trust is opened; several are listed.
function follow(trusts, filters, subject, node) {
  if (trusts.length === 1) return change({ open: { subject: trusts[0] } }, true);
  if (subject) return change({ open: { subject } }, true);
  const wanted = node && node.rest ? {} : filters || {};
  change({ tab: "trusts", filters: wanted });
  return jumpTo("list");
}

function light(nodes, trusts) {
  if (!drawn) return;
  at("picture").classList.add("lit");
  for (const edge of drawn.edges) edge.element.classList.toggle("on", edge.trusts.some((trust) => trusts.has(trust)));
  for (const node of drawn.nodes.flat()) node.element.classList.toggle("on", nodes.includes(node) || node.trusts.some((trust) => trusts.has(trust)));
}

function unlight() {
  at("picture").classList.remove("lit");
}
