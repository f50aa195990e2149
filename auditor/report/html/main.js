// Puts the page together and listens.

function show() {
  showList();
  showSheet();
}

function jumpTo(id) {
  const element = at(id);
  element.scrollIntoView({ block: "start" });
  element.focus({ preventScroll: true });
}

// Links of our own change the state instead of loading anything; opened in another tab they do the same there.
function visit(event) {
  const link = event.target.closest("a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.dataset.skip) {
    event.preventDefault();
    jumpTo(link.dataset.skip);
    return;
  }
  const wanted = link.getAttribute("href");
  if (!wanted || !wanted.startsWith("#/")) return;
  event.preventDefault();
  if (link.dataset.open) {
    const place = Number(link.dataset.place);
    change({ open: link.dataset.open === "finding" ? { finding: FINDINGS[place] } : { subject: SUBJECTS[place] } }, true);
    return;
  }
  const { tab, filters } = parse(wanted);
  change({ tab, filters, open: null });
  if (link.classList.contains("jump")) jumpTo("list");
}

function keys(event) {
  const typing = event.target.closest && event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing && !state.open && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    at("q").focus();
    return;
  }
  walk(event);
}

const THEMES = "auditor-theme";

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  at("theme").setAttribute("aria-pressed", String(dark()));
}

// A browser that keeps nothing for files on disk forgets the choice, no more.
function remembered() {
  try {
    return localStorage.getItem(THEMES);
  } catch {
    return null;
  }
}

function remember(theme) {
  try {
    localStorage.setItem(THEMES, theme);
  } catch {
    return;
  }
}

function chooseTheme(theme) {
  document.documentElement.dataset.theme = theme;
  showTheme();
}

at("theme").addEventListener("click", () => {
  const theme = dark() ? "light" : "dark";
  chooseTheme(theme);
  remember(theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
const kept = remembered();
if (kept === "dark" || kept === "light") chooseTheme(kept);
showTheme();

at("sheet").addEventListener("cancel", (event) => {
  event.preventDefault();
  closeSheet();
});
at("sheet").addEventListener("click", (event) => {
  if (event.target === event.currentTarget && event.clientX < event.currentTarget.getBoundingClientRect().left) closeSheet();
});
document.addEventListener("click", visit);
document.addEventListener("keydown", keys);
addEventListener("popstate", () => {
  state = parse(location.hash);
  show();
});

showOverview();
showPicture();
showControls();
show();
document.body.dataset.ready = "true";
